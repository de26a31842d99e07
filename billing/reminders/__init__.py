"""Reminders of bills: by a plan or by hand, each sent once, never to whom they must not go."""
