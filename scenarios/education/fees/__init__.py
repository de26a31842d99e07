"""A school's fees: what they start as, by whom they were approved, and where they are paid to."""
