"""Three apps of three vendors: separate programs that know the product over HTTP alone. Read them to learn how."""
