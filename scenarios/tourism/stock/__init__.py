"""How many people something still takes: counter rows, changed by one conditional statement each."""
