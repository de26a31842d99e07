"""One page for everything in finance that waits for a person: what it is, since when, how much, whose."""
