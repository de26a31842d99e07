"""``python -m deploy`` is the command line ``cloud``."""

from deploy.cli import app

app(prog_name="cloud")
