"""Community property: estates, buildings and units, and what their households owe."""
