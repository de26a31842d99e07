"""Fee rules and templates of fees and notices, as banks offer them to institutions."""
