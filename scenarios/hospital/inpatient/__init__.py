"""Stays in the hospital: beds, deposits, the daily list, credit, and settling when somebody goes home."""
