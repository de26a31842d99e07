"""Annual passes: who holds one, looked at once with a photograph and known again at the gate, renewed, stopped."""
