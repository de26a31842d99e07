"""Apps as banks and unions offer them."""
