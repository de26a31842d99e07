"""Figures a manager steers by, the accounts an estate publishes, and the dossier for the court."""
