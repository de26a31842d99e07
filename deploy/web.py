"""The web server: Granian in front of ``deploy.asgi:app``."""

import os
import sys

from granian.constants import Interfaces
from granian.log import LogLevels
from granian.server import Server

from deploy import logs, places, preflight
from deploy.settings import Settings

STOP_SECONDS = 8
"""How long requests in flight may take when the server is told to stop; `deploy.supervisor` waits for 10."""


def serve(settings: Settings) -> None:
    """Serve until told to stop. Every worker process reads the settings itself, from the environment.

    Raises:
        NotReadyError: when the port is taken.
    """
    preflight.check_port(settings.bind, settings.port, "--port")
    os.environ.update(settings.environ())
    if settings.web_workers > 1 and places.METRICS_VARIABLE not in os.environ:
        os.environ.update(places.shared_metrics(settings.data_dir))
    logs.configure(settings)
    Server(
        "deploy.asgi:app",
        address=settings.bind,
        port=settings.port,
        interface=Interfaces.ASGI,
        workers=settings.web_workers,
        websockets=False,
        backlog=2048,
        log_level=LogLevels(settings.log_level),
        log_dictconfig=logs.dict_config(settings),
        workers_kill_timeout=STOP_SECONDS,
        respawn_failed_workers=settings.environment == "production",
    ).serve()
    sys.stdout.flush()
