"""``python -m deploy.sandbox.apps NAME``: run one app as a process of its own."""

import argparse
import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

import uvloop
from granian.constants import Interfaces
from granian.server.embed import Server
from starlette.applications import Starlette

APPS = ("contract", "invoice", "people", "practice", "visits")
Create = Callable[[str, Path], Starlette]


def main() -> int:
    """Read the arguments and serve until told to stop."""
    parser = argparse.ArgumentParser(prog="python -m deploy.sandbox.apps", description="An app to play with.")
    parser.add_argument("name", choices=APPS)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--data", type=Path, required=True, help="folder of its keys and its database")
    args = parser.parse_args()
    uvloop.run(_serve(args.name, args.port, args.data))
    return 0


async def _serve(name: str, port: int, data: Path) -> None:
    create: Create = import_module(f"deploy.sandbox.apps.{name}").create
    app = create(f"http://127.0.0.1:{port}", data)
    server = Server(app, "127.0.0.1", port, interface=Interfaces.ASGI, websockets=False, log_enabled=False)
    await server.serve()


if __name__ == "__main__":
    sys.exit(main())
