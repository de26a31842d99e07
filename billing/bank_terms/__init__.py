"""What a bank offers all its institutions unless something else is agreed: ways to pay, its fee, limits."""
