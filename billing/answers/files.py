"""Sending a file of an answer, always as a download."""

from typing import Any, Protocol
from urllib.parse import quote

from starlette.responses import Response

from tenants.files import storage
from ui.errors import NotFound
from ui.i18n import t


class HasFiles(Protocol):
    """Whatever keeps files as ``keep_files`` has described them."""

    files: Any


def send_file(note: HasFiles | None, number: str) -> Response:
    """Return the ``number``-th file of a note.

    Raises:
        NotFound: there is none.
    """
    files = note.files if note else []
    place = int(number) if number.isascii() and number.isdecimal() and len(number) < 3 else len(files)  # noqa: PLR2004
    if place >= len(files):
        raise NotFound("file.not_found", t("There is no such file."))
    kept = files[place]
    try:
        content = storage().open(kept["key"]).read()
    except FileNotFoundError:
        raise NotFound("file.not_found", t("There is no such file.")) from None
    headers = {
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(kept['filename'])}",
        "Cache-Control": "no-store",
    }
    return Response(content, media_type=kept["content_type"], headers=headers)
