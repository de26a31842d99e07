"""The service worker that keeps a page and its files for when there is no network: a gate's, a technician's."""

from collections.abc import Sequence
from pathlib import Path

from starlette.responses import Response

from ui.static import assets, static_url

CAMERA = {
    "Permissions-Policy": "accelerometer=(), camera=(self), geolocation=(), gyroscope=(), microphone=(), usb=()"
}
"""Headers of a page that scans."""
_WORKER = Path(__file__).parent / "worker.js"


def worker(page: str, own: Sequence[str]) -> Response:
    """Return the script for a gate's page at this path; ``own`` are the assets of its industry that it loads."""
    return keeper(page, ["js/signed-code.js", *own, "js/gate.js"])


def keeper(page: str, scripts: Sequence[str]) -> Response:
    """Return the script that keeps the page at this path with its scripts for when there is no network."""
    kept = ",".join(f'"{static_url(name)}"' for name in _files(scripts))
    script = _WORKER.read_text().replace("/*FILES*/", kept).replace("/*PAGE*/", page)
    headers = {"Cache-Control": "no-cache", "Service-Worker-Allowed": page}
    return Response(script, media_type="text/javascript", headers=headers)


def _files(scripts: Sequence[str]) -> list[str]:
    """Return what the page loads: scripts run in their order, so one that is missing stops the rest."""
    library = [name for name in assets() if name.startswith("vendor/htmx")]
    return ["app.css", *library, "js/app.js", *scripts, "img/icons.svg", "img/icon.svg"]
