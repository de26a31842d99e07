"""Water and power paid ahead: stored money that readings spend, with a word before it runs out."""
