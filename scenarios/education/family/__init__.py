"""What parents see and do: all their children, at all their schools."""
