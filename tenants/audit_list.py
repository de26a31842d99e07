"""The audit trail as a list, one page for banks and tenants alike: the scope decides what is in it."""

import json
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from tenants.audit_words import act_text, acts_like, changes, subject_text
from tenants.scope import rows, value
from tenants.search import containing
from ui.exports import export, wants_export
from ui.i18n import t
from ui.render import respond
from ui.tables import Column, Page, TableQuery


def changes_of(row: Any, currency: str = "") -> list[str]:
    """Return what an act changed, fact by fact; ``currency`` is for amounts that name none."""
    before, after = (json.loads(row[name] or "null") or {} for name in ("before", "after"))
    return changes(row["subject_kind"], before, after, currency)


def _subject(label: str, row: Any) -> str:
    return subject_text(row["subject_kind"], label) or "—"


def _columns(currency: str) -> tuple[Column, ...]:
    return (
        Column("created_at", t("When"), format="datetime"),
        Column("person_name", t("Who")),
        Column("act", t("What"), format=lambda value, _row: act_text(value)),
        Column("subject_label", t("Whom or what it was about"), is_main=True, format=_subject),
        Column("change", t("Before and after"), value=lambda row: "; ".join(changes_of(row, currency))),
        Column("ip", t("From where"), format="code"),
    )


WHERE = (
    "({door} = $1) and ($2 = '' or person_name ilike $2 or subject_label ilike $2 or act = any ($5::text[]))"
    " and ($3 = '' or created_at >= $3::date) and ($4 = '' or created_at < $4::date + 1)"
)
SELECT = (
    "select created_at, person_name, act, subject_kind, subject_label, ip, before::text before, after::text after"
    " from tenants_audit where "
)
MOST_EXPORTED = 50_000


async def audit_list(request: Request, door: str, place_id: Any, currency: str = "") -> Response:
    """Answer with the trail of ``door`` (``bank_id`` or ``tenant_id``), newest first, searched and exported."""
    columns = _columns(currency)
    query = TableQuery.parse(request, filters=("from", "to"))
    where = WHERE.format(door=door)
    days = [query.get(name) if _is_day(query.get(name)) else "" for name in ("from", "to")]
    args = (place_id, containing(query.q), *days, acts_like(query.q))
    if wants_export(request):
        found = await rows(
            f"{SELECT}{where} order by created_at desc, id desc limit $6", *args, MOST_EXPORTED
        )
        return await export(request, columns, found, "audit")
    found = await rows(
        f"{SELECT}{where} order by created_at desc, id desc limit $6 offset $7",
        *args,
        query.limit,
        query.offset,
    )
    total = await value(f"select count(*) from tenants_audit where {where}", *args)
    page = Page.of(query, found, total)
    context = {"page": page, "columns": columns, "changes_of": changes_of, "currency": currency}
    return await respond(request, "tenants/audit.html", context, block="list")


def _is_day(text: str) -> bool:
    parts = text.split("-")
    return len(parts) == 3 and all(part.isdecimal() for part in parts) and len(text) == 10  # noqa: PLR2004
