"""Fee items and rules, bill runs, bills."""
