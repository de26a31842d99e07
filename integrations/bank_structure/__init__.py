"""Banks come into being, alone or under a union, and say how their people and customers sign in."""
