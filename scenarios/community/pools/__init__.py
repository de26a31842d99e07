"""Shared costs: invoices in a pool, divided among units to the cent."""
