"""Look and page machinery; knows no domain."""
