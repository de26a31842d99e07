"""Hospitals: doctors' sessions and their numbers, patients and whom they trust, and money around a visit."""
