"""What ticket clerks do: find orders, sell at the desk, change and give back."""
