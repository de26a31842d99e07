"""The open API: what apps read of an institution, as far as it agreed."""
