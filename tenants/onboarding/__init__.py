"""From an institution's application to a tenant that is ready on its first day."""
