"""Things of apps kept at records of ours: picked in the app, opened from their place, marked by it."""
