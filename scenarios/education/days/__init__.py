"""Leave: asked for by the family, decided by the class teacher, with meals refunded by the school's rule."""
