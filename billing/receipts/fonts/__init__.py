"""The vendored cut of Noto Sans SC, with its licence and the script that made it."""
