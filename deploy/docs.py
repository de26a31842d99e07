"""The documentation, served by the product: every page of it lives beside what it documents."""

import re
from functools import cache
from pathlib import Path

from markdown_it import MarkdownIt
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import BaseRoute

from deploy import diagrams
from tenants.http import public_route
from ui.errors import NotFound
from ui.i18n import t
from ui.render import respond

ROOT = Path(__file__).resolve().parent.parent
PICTURES = ROOT / "deploy" / "pictures"
FOLDERS = ("ui", "tenants", "billing", "integrations", "scenarios", "deploy")
REASON = "Documentation is for everybody."


@cache
def pages() -> dict[str, Path]:
    """Return the documents by name: ``start`` for the project's own, else the folder, and the file if no README."""
    found = {"start": ROOT / "README.md"} if (ROOT / "README.md").exists() else {}
    for folder in FOLDERS:
        for path in sorted(
            (ROOT / folder).rglob("*.md"), key=lambda path: (path.parent, path.name != "README.md")
        ):
            own = () if path.name == "README.md" else (path.stem.lower().replace("_", "-"),)
            found["-".join((*path.parent.relative_to(ROOT).parts, *own))] = path
    return found


def title_of(path: Path) -> str:
    """Return a document's first heading."""
    match = re.search(r"^# (.+)$", path.read_text(), re.MULTILINE)
    return match.group(1) if match else path.parent.name


async def index(request: Request) -> Response:
    """List the documents."""
    listed = [(name, title_of(path)) for name, path in pages().items()]
    return await respond(request, "deploy/docs_index.html", {"documents": listed})


async def page(request: Request) -> Response:
    """Show one document; its HTML comes from our own files, never from a visitor."""
    path = pages().get(request.path_params["name"])
    if path is None:
        raise NotFound("page.not_found", t("There is no such page."))
    text = re.sub(r"^# .+$", "", path.read_text(), count=1, flags=re.MULTILINE)
    html = MarkdownIt("commonmark", {"html": False}).enable("table").render(text)
    html = html.replace("<table>", '<table tabindex="0">')
    html = diagrams.drawn(html.replace('src="deploy/pictures/', 'src="/docs/pictures/'))
    return await respond(
        request,
        "deploy/docs_page.html",
        {"title": title_of(path), "body": Markup(html)},  # noqa: S704
    )


async def picture(request: Request) -> Response:
    """Send one picture of the tour."""
    name = request.path_params["name"]
    if not re.fullmatch(r"[a-z0-9-]+\.png", name) or not (PICTURES / name).exists():
        raise NotFound("page.not_found", t("There is no such page."))
    return FileResponse(PICTURES / name, media_type="image/png", headers={"Cache-Control": "max-age=86400"})


def routes() -> list[BaseRoute]:
    """Return the routes of the documentation."""
    return [
        public_route("/docs", index, reason=REASON, name="docs"),
        public_route("/docs/pictures/{name}", picture, reason=REASON, name="docs_picture"),
        public_route("/docs/{name}", page, reason=REASON, name="docs_page"),
    ]
