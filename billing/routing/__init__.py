"""Which ways to pay an institution offers, which first, within what limits; and what its bank keeps of a payment."""
