"""Classes with their pupils and teachers, and who of them owes."""
