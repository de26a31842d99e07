"""The composition root: settings, processes, command line and everything that runs the product."""
