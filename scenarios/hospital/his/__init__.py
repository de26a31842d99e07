"""The hospital's own system (HIS): the authority on care and charges, spoken to through a small contract."""
