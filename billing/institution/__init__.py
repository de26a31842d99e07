"""What an institution sees of itself: its facts as the bank checked them, and where its money arrives."""
