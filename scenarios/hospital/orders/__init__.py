"""Outpatient orders: offered by the hospital's system, paid through us, confirmed there or given back."""
