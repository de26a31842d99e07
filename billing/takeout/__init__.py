"""Everything that an institution keeps here, as one file to take along. See ``writing.py``."""
