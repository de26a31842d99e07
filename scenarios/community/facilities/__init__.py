"""Halls, courts, charging posts: booked by the hour, with a fee and a deposit that comes back."""
