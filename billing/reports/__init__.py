"""What came in, what is owed, by whom and how long."""
