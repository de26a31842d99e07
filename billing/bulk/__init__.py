"""Files too large to wait for: made in the background with their progress shown, kept for two days, then removed."""
