"""Support access: how somebody of the bank looks into an institution, with its knowledge and until it says no."""
