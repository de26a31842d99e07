"""What visitors see: the days, the times, the order, the tickets. No sign-in, no script."""
