"""Visitors, their passes and the gate; parcels at the desk. What anybody owes is no input to any of it."""
