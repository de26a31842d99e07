"""A site's days: seasons and exceptions, slots made from templates, when a day is on sale."""
