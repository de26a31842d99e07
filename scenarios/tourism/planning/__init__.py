"""What planners decide: sites, products, slots and their exceptions. They never touch an order."""
