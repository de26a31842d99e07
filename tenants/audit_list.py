"""The audit trail as a list, one page for banks and tenants alike: the scope decides what is in it."""

import json
from datetime import date, timedelta
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from tenants.audit_words import act_text, acts_like, changes, name_text, subject_text
from tenants.days import midnight
from tenants.models import AuditSeal
from tenants.scope import rows, value
from tenants.search import containing
from ui.exports import export, wants_export
from ui.i18n import t
from ui.render import respond
from ui.shell import shell_of
from ui.tables import Column, Page, TableQuery


def changes_of(row: Any, currency: str = "") -> list[str]:
    """Return what an act changed, fact by fact; amounts that name no currency are in the place's own."""
    before, after = (json.loads(row[name] or "null") or {} for name in ("before", "after"))
    return changes(row["subject_kind"], before, after, row["currency"] or currency)


def _subject(label: str, row: Any) -> str:
    return subject_text(row["subject_kind"], label) or "—"


def _columns(currency: str) -> tuple[Column, ...]:
    return (
        Column("created_at", t("When"), format="datetime"),
        Column("person_name", t("Who"), format=lambda value, _row: name_text(value)),
        Column("act", t("What"), format=lambda value, _row: act_text(value)),
        Column("subject_label", t("Whom or what it was about"), is_main=True, format=_subject),
        Column("change", t("Before and after"), value=lambda row: "; ".join(changes_of(row, currency))),
        Column("ip", t("From where"), format="code"),
        Column("seal", t("Seal")),
    )


FILED = (Column("id", t("Row")), Column("act", t("Act"), format="text"))
"""What a file holds besides, to be held beside the seals."""


WHERE = (
    "({door}) and ($2 = '' or a.person_name ilike $2 or a.subject_label ilike $2 or a.act = any ($5::text[]))"
    " and ($3 = '' or a.created_at >= $3::timestamptz) and ($4 = '' or a.created_at < $4::timestamptz)"
    " and ($6 = '' or a.person_name ilike $6) and ($7 = '' or a.act = any ($8::text[]))"
    " and ($9 = '' or a.subject_label ilike $9)"
)
SELECT = (
    "select a.id, a.created_at, a.person_name, a.act, a.subject_kind, a.subject_label, a.ip, a.before::text before,"
    " a.after::text after, s.number seal, (select t.currency from tenants_tenant t where t.id = a.tenant_id) currency"
    " from tenants_audit a left join tenants_sealed_audit m on m.id = a.id"
    " left join tenants_audit_seal s on s.id = m.seal_id where "
)
FILTERS = ("who", "what", "whom", "from", "to")
MOST_EXPORTED = 50_000


DOORS = {
    "bank_id": "a.bank_id = $1",
    "tenant_id": "a.tenant_id = $1",
    "person_id": "a.person_id = $1 or a.subject_id = any ((select touching())::uuid[])",
}
"""What of the scope's rows is listed: for a person what they did and what touched them, said here as the walls say it.

By the walls alone the whole trail of all banks would be gone through, for they let in others too.
"""


async def audit_list(
    request: Request, door: str, place_id: Any, currency: str = "", template: str = "tenants/audit.html"
) -> Response:
    """Answer with the trail of ``door`` (one of ``DOORS``), newest first, searched and exported."""
    columns = _columns(currency)
    query = TableQuery.parse(request, filters=FILTERS)
    where = WHERE.format(door=DOORS[door])
    args = _args(place_id, query, shell_of(request).zone)
    if wants_export(request):
        found = await rows(
            f"{SELECT}{where} order by a.created_at desc, a.id desc limit $10", *args, MOST_EXPORTED
        )
        return await export(request, (*columns, *FILED), found, "audit")
    found = await rows(
        f"{SELECT}{where} order by a.created_at desc, a.id desc limit $10 offset $11",
        *args,
        query.limit,
        query.offset,
    )
    total = await value(f"select count(*) from tenants_audit a where {where}", *args)
    page = Page.of(query, found, total)
    context = {
        "page": page,
        "columns": columns,
        "changes_of": changes_of,
        "currency": currency,
        "seal": await AuditSeal.filter(place_id=place_id).order_by("-number").first(),
    }
    return await respond(request, template, context, block="list")


def _args(place_id: Any, query: TableQuery, zone: str) -> tuple[Any, ...]:
    days = _begins(query.get("from"), zone), _begins(query.get("to"), zone, later=1)
    who, what, whom = (query.get(name) for name in ("who", "what", "whom"))
    return (
        *(place_id, containing(query.q), *days, acts_like(query.q)),
        *(containing(who), what, acts_like(what), containing(whom)),
    )


def _begins(text: str, zone: str, later: int = 0) -> str:
    """Return the moment, as text, at which a day (or one later) begins where the page is; nothing for no day."""
    try:
        return midnight(date.fromisoformat(text) + timedelta(days=later), zone).isoformat()
    except (ValueError, OverflowError):
        return ""
