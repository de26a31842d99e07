"""The end of a school year for everybody, and the end of school for one pupil."""
