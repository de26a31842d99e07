"""``python -m deploy`` is the command line ``cloud``."""

import gc

from deploy.cli import app

# What a start imports stays: to look through it for garbage again and again takes a fifth of each process's start.
gc.set_threshold(50_000, 20, 20)
app(prog_name="cloud")
