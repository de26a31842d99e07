"""Travel agencies: contracts, what each may run up, bookings, group lists and monthly statements."""
