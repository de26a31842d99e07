"""The tenant's side: the catalogue, installing, what an app gets, pausing and uninstalling."""
