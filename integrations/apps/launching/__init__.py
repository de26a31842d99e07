"""Opening an app: from its health to the launch value, in a frame or in a page of its own."""
