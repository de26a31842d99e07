"""Now: who is on site, how near the caps are, what today brought, and closing a time when it must be."""
