"""Tables that institutions upload: mapped, tried dry, applied, repeated."""
