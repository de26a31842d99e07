"""Who may not buy for a while, as staff work on it: blocks, what led to them, appeals and their answers."""
