"""Many institutions from one file: a chain of schools, a platform's shops, through the same checks as one alone."""
