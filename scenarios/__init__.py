"""Industry clouds: one vertical slice each, known by one line of the registry."""
