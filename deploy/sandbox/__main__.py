"""`python -m deploy.sandbox`: start the outside world."""

import argparse
import sys
from pathlib import Path

import uvloop

from deploy.sandbox.server import SandboxError, serve
from deploy.sandbox.settings import Settings


def main() -> int:
    """Read the arguments and serve. Returns the exit status."""
    args = _arguments().parse_args()
    public_url = args.public_url or f"http://{args.host}:{args.port}"
    settings = Settings(
        public_url=public_url,
        data=None if args.memory else args.data,
        smtp_host=args.host,
        smtp_port=args.smtp_port or None,
        sms_key=args.sms_key,
        async_delay=args.async_delay,
    )
    try:
        uvloop.run(serve(settings, args.host, args.port))
    except SandboxError as error:
        sys.stderr.write(f"sandbox: {error}\n")
        return 1
    return 0


def _arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m deploy.sandbox", description="A bank, Stripe and mail to play with."
    )
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on")
    parser.add_argument("--port", type=int, default=8100)
    parser.add_argument("--smtp-port", type=int, default=8125, help="0 for no mail listener")
    parser.add_argument("--data", type=Path, default=Path(".cloud/sandbox"), help="folder of the state")
    parser.add_argument("--memory", action="store_true", help="keep nothing")
    parser.add_argument("--public-url", default="", help="how browsers and the product reach the sandbox")
    parser.add_argument("--sms-key", default="sandbox-sms-key", help="bearer key of the text message port")
    parser.add_argument("--async-delay", type=float, default=3.0, help="seconds that a delayed payment takes")
    return parser


if __name__ == "__main__":
    sys.exit(main())
