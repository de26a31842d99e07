"""Static files with their content's hash in the name, cached for ever; the style sheet is one bundle.

``static_url("app.css")`` is all that pages know. A scenario's own files, in its ``static`` folder, are named after it
(``tourism/shop.css``) and linked by its own pages alone. Files are read and compressed once at start: together they
are small, and a request then costs no disk.
"""

import gzip
import hashlib
import mimetypes
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from ui.errors import NotFound
from ui.i18n import ROOT, t

FOLDER = Path(__file__).parent / "static"
PREFIX = "/static"
_CSS_ORDER = ("layers.css", "reset.css", "tokens.css", "base.css")
_TYPES = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}


@dataclass(frozen=True, slots=True)
class Asset:
    """One file as it is sent."""

    name: str
    content: bytes
    packed: bytes
    media_type: str
    digest: str

    @property
    def url(self) -> str:
        """The address that changes with the content."""
        stem, dot, suffix = self.name.rpartition(".")
        return f"{PREFIX}/{stem}.{self.digest}{dot}{suffix}"


@cache
def assets() -> dict[str, Asset]:
    """Return all assets by their plain name."""
    found = {"app.css": _asset("app.css", _bundle())}
    for path in sorted(FOLDER.rglob("*")):
        name = path.relative_to(FOLDER).as_posix()
        if path.is_file() and path.suffix != ".css":
            found[name] = _asset(name, path.read_bytes())
    for path in sorted(ROOT.glob("scenarios/*/static/**/*")):
        if path.is_file():
            scenario, _, rest = path.relative_to(ROOT / "scenarios").as_posix().partition("/static/")
            found[f"{scenario}/{rest}"] = _asset(f"{scenario}/{rest}", path.read_bytes())
    return found


@cache
def static_url(name: str) -> str:
    """Return the address of an asset; an unknown name is an error of the program."""
    return assets()[name].url


def routes() -> list[BaseRoute]:
    """Return the route that serves all assets."""
    return [Route(PREFIX + "/{path:path}", serve, name="static")]


async def serve(request: Request) -> Response:
    """Send an asset under its hashed address, gzipped where the browser takes it."""
    asset = _by_url().get(request.url.path)
    if asset is None:
        raise NotFound("static.missing", t("This file does not exist."))
    headers = {"Cache-Control": "public, max-age=31536000, immutable", "Vary": "Accept-Encoding"}
    headers["ETag"] = f'"{asset.digest}"'
    if request.headers.get("if-none-match") == headers["ETag"]:
        return Response(status_code=304, headers=headers)
    if "gzip" in request.headers.get("accept-encoding", ""):
        headers["Content-Encoding"] = "gzip"
        return Response(asset.packed, headers=headers, media_type=asset.media_type)
    return Response(asset.content, headers=headers, media_type=asset.media_type)


@cache
def _by_url() -> dict[str, Asset]:
    return {asset.url: asset for asset in assets().values()}


def _asset(name: str, content: bytes) -> Asset:
    digest = hashlib.sha256(content).hexdigest()[:12]
    guessed = _TYPES.get(Path(name).suffix) or mimetypes.guess_type(name)[0] or "application/octet-stream"
    return Asset(name, content, gzip.compress(content, 9, mtime=0), guessed, digest)


def _bundle() -> bytes:
    folder = FOLDER / "css"
    rest = sorted(p.name for p in folder.glob("*.css") if p.name not in _CSS_ORDER)
    return b"\n".join((folder / name).read_bytes() for name in (*_CSS_ORDER, *rest))
