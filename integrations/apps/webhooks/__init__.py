"""What apps are told: signed, tried again for three days, kept to be looked at and sent again."""
