"""Reading notices: the lists of the office and of teachers, and who has read what."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from starlette.requests import Request

from billing.lists import Listing
from billing.names import localized
from scenarios.education.models import SchoolNotice
from scenarios.education.notices.services import loads
from tenants.actor import Actor
from tenants.scope import row
from ui.formats import listed
from ui.i18n import Text, gettext, t
from ui.shell import Tone
from ui.tables import Column, TableQuery

NOTICE_WORDS: dict[str, Text] = {"draft": t("Draft"), "sent": t("Sent")}
NOTICE_TONES: dict[str, Tone] = {"draft": "info", "sent": "success"}
_COUNTS = """
select count(*)::int people, count(*) filter (where r.read_at is not null)::int have_read,
       count(*) filter (where r.confirmed_at is not null)::int confirmed,
       count(*) filter (where r.ways = '')::int unreached
  from education_receipt r where r.tenant_id = $1 and r.notice_id = {notice}
"""
NOTICES = Listing(
    name="school-notices",
    filters=("status",),
    sorts={"sent_at": "coalesce(n.sent_at, n.created_at)", "title": "n.titles ->> 'en'"},
    default_sort="-sent_at",
    sql=f"""
select n.id, n.titles, n.audience, n.status, n.sent_at, n.created_by, c.people, c.have_read, c.confirmed
  from education_notice n cross join lateral ({_COUNTS.format(notice="n.id")}) c
 where n.tenant_id = $1 and ($2 = '' or n.titles::text ilike $2) and ($3 = '' or n.status = $3)""",
)
RECEIPTS = Listing(
    name="receipts",
    filters=("notice", "state"),
    sorts={"name": "a.sort_key"},
    default_sort="name",
    sql="""
select r.id, h.name holder, a.name, a.place, r.ways, r.read_at, r.confirmed_at, r.answers
  from education_receipt r
  join tenants_holder h on h.tenant_id = $1 and h.id = r.holder_id
  join tenants_account a on a.tenant_id = $1 and a.id = r.account_id
 where r.tenant_id = $1 and ($2 = '' or a.name || ' ' || a.place || ' ' || h.name ilike $2) and r.notice_id::text = $3
   and ($4 = '' or ($4 = 'unread' and r.read_at is null) or ($4 = 'unconfirmed' and r.confirmed_at is null)
        or ($4 = 'unreached' and r.ways = ''))""",
)
_WAYS = {"app": t("here"), "email": t("e-mail")}


def notices_for(actor: Actor) -> Listing:
    """Return the list of notices that the actor may see: the school's, or their own."""
    if actor.may("school_notices.write"):
        return NOTICES
    person = f"'{actor.person_id}'::uuid" if actor.person_id else "null"
    return replace(NOTICES, sql=f"{NOTICES.sql} and n.created_by = {person}")


def receipt_query(request: Request, columns: Sequence[Column], notice_id: UUID) -> TableQuery:
    """Return what the address asks of one notice's receipts."""
    return RECEIPTS.query(request, columns).inside(notice=str(notice_id))


async def figures(notice: SchoolNotice) -> Any:
    """Return how many people a notice went to, and how many have read and confirmed it."""
    return await row(_COUNTS.format(notice="$2"), notice.tenant_id, notice.id)


def named(value: Any, _row: Any) -> str:
    """Return a kept name by locale as it is read."""
    return localized(loads(value))


def ways_text(value: Any, _row: Any) -> str:
    """Return by which ways somebody was told."""
    ways = [str(_WAYS[key]) for key in str(value or "").split(",") if key in _WAYS]
    return listed(ways) or gettext("No way to tell them")
