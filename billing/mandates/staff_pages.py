"""Automatic payments for staff: all of them with what they are taken from, and one that may be stopped."""

from typing import Any
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from billing.lists import Listing, list_page
from billing.mandates import life
from billing.mandates.cards import card_of
from billing.mandates.declines import why
from billing.mandates.instalments import unannounced
from billing.mandates.life import WORDS
from billing.mandates.queries import debits_of
from billing.mandates.states import LIVE
from billing.mandates.words import (
    CHANNEL_WORDS,
    DEBIT_TONES,
    DEBIT_WORDS,
    MANDATE_TONES,
    MANDATE_WORDS,
    SCHEDULE_WORDS,
)
from billing.models import Mandate
from tenants.actor import Actor
from tenants.http import WRITES, path_id, tenant_route
from tenants.models import Account
from tenants.navigation import Place, add_tenant_places
from ui.errors import NotFound
from ui.i18n import N_, gettext, t
from ui.render import redirect, respond
from ui.tables import Column

add_tenant_places(Place(N_("Automatic payments"), "/mandates", "payments.read", "calendar", 45))
MANDATES = Listing(
    name="automatic-payments",
    filters=("state", "from"),
    sorts={"created_at": "m.created_at", "account_number": "a.number"},
    default_sort="-created_at",
    sql="""
select m.id, m.created_at, m.status, m.channel, m.ceiling_minor, m.currency, m.schedule, m.day_of_month, m.person_name,
       m.mask, m.word, c.exp_month, c.exp_year, m.ended_at, m.ended_by_name, a.number account_number,
       (select min(d.due_on) from billing_debit d where d.tenant_id = m.tenant_id and d.mandate_id = m.id
           and d.status in ('announced', 'waiting')) next_on
  from billing_mandate m join tenants_account a on a.tenant_id = m.tenant_id and a.id = m.account_id
  left join billing_saved_card c on c.tenant_id = m.tenant_id and m.instrument <> '' and c.method = m.instrument
 where m.tenant_id = $1 and ($2 = '' or a.number ilike $2 or a.name ilike $2 or m.person_name ilike $2)
   and ($3 = '' or m.status = $3) and ($4 = '' or m.channel = $4)""",
)


def _columns(root: str) -> tuple[Column, ...]:
    return (
        Column(
            "account_number",
            t("Account"),
            is_main=True,
            sortable=True,
            href=lambda r: f"{root}/mandates/{r['id']}",
        ),
        Column("person_name", t("Payer")),
        Column("status", t("State"), format="badge", words=MANDATE_WORDS, tones=MANDATE_TONES),
        Column("schedule", t("When"), format=_when),
        Column("mask", t("Taken from"), format=_source),
        Column("exp_year", t("Card expires"), format=lambda _v, r: expiry(r)),
        Column("next_on", t("Next debit"), format="date"),
        Column("created_at", t("Since"), format="date", sortable=True),
        Column("ceiling_minor", t("Ceiling"), format="money"),
    )


def _when(schedule: Any, found: Any) -> str:
    """Return in few words when bills are taken."""
    day = found["day_of_month"]
    return gettext("Day {n} of each month", n=day) if schedule == "day" else gettext("On its due day")


def _source(mask: Any, found: Any) -> str:
    """Return what is charged: which kind, and what people know it by."""
    return f"{CHANNEL_WORDS.get(found['channel'], found['channel'])} {mask}".strip()


def expiry(found: Any) -> str:
    """Return a card's last month as its front shows it; empty for a bank account."""
    return f"{found['exp_month']:02d}/{found['exp_year']}" if found["exp_year"] else ""


async def index(request: Request, actor: Actor) -> Response:
    """List, search and download the automatic payments."""
    context = {"states": list(MANDATE_WORDS.items()), "channels": list(CHANNEL_WORDS.items())}
    columns = _columns(f"/t/{actor.place['slug']}")
    return await list_page(request, actor, MANDATES, columns, "billing/mandates/list.html", context)


async def _found(actor: Actor, mandate_id: UUID) -> Mandate:
    found = await Mandate.get_or_none(tenant_id=actor.tenant_id, id=mandate_id)
    if found is None:
        raise NotFound("mandate.not_found", t("There is no such automatic payment."))
    return found


async def one(request: Request, actor: Actor) -> Response:
    """Show one automatic payment with its debits."""
    found = await _found(actor, path_id(request))
    context = {
        "mandate": found,
        "account": await Account.get(tenant_id=found.tenant_id, id=found.account_id),
        "debits": await debits_of(found.tenant_id, found.account_id),
        "coming": await unannounced(found.tenant_id, found.account_id) if found.status == "active" else [],
        "card": await card_of(found),
        "why_not": why,
        "channels": CHANNEL_WORDS,
        "words": MANDATE_WORDS,
        "tones": MANDATE_TONES,
        "debit_words": DEBIT_WORDS,
        "debit_tones": DEBIT_TONES,
        "why": t(WORDS[found.word]) if found.word in WORDS else "",
        "when": SCHEDULE_WORDS,
        "root": f"/t/{actor.place['slug']}",
        "may_stop": actor.may("mandates.write") and found.status in LIVE,
    }
    return await respond(request, "billing/mandates/one.html", context)


async def staff_stop(request: Request, actor: Actor) -> Response:
    """Stop somebody's automatic payment for them."""
    found = await _found(actor, path_id(request))
    await life.stop(actor, mandate_id=found.id)
    return redirect(
        request, f"/t/{actor.place['slug']}/mandates/{found.id}", flash=t("Stopped. The payer is told.")
    )


ROUTES: list[BaseRoute] = [
    tenant_route("/mandates", index, permission="payments.read", name="mandates"),
    tenant_route("/mandates/{id}", one, permission="payments.read", name="mandate"),
    tenant_route(
        "/mandates/{id}/end", staff_stop, permission="mandates.write", methods=WRITES, name="mandate_end"
    ),
]
