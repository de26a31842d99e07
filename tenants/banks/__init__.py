"""How a bank is put together and what it asks for: policy, brand, branches, its people's duties."""
