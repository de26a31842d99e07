"""An order's story as a page tells it."""

from collections.abc import Sequence
from typing import Any

from scenarios.community.service.models import WorkNote, WorkOrder
from scenarios.community.service.states import ACTS
from ui.i18n import gettext


def story_of(order: WorkOrder, notes: Sequence[WorkNote], files: str) -> list[dict[str, Any]]:
    """Return the lines of a story with their files; ``files`` is where those are."""
    del order
    return [
        {
            "title": _title(note),
            "text": "" if note.act == "assign" else note.text,
            "at": note.created_at,
            "by": note.by_name,
            "is_internal": note.is_internal,
            "files": [
                (one["filename"], f"{files}/{note.id}/{place}", one["content_type"].startswith("image/"))
                for place, one in enumerate(note.files)
            ],
        }
        for note in notes
    ]


def _title(note: WorkNote) -> str:
    words = ACTS.get(note.act, note.act)
    return gettext(words, name=note.text) if note.act == "assign" else gettext(words)
