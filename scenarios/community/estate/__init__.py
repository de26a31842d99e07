"""The estate itself: estates and phases, buildings and their floors, common areas, and who a unit passes to."""
