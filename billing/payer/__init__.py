"""What residents, parents, patients and visitors see and pay."""
