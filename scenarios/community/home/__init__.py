"""A resident's home: everything about all their units on one page."""
