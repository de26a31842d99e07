"""Everything a payer owes, and each bill of it."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any
from uuid import UUID

import anyio.to_thread
from starlette.requests import Request
from starlette.responses import Response

from billing.adjustments.queries import let_off
from billing.adjustments.words import LET_OFF_WORDS
from billing.answers.queries import open_answers, voluntary_lines
from billing.charges.bills import lines_of
from billing.charges.printing import documents_of
from billing.credit import queries as credit
from billing.holds.keeping import pages_of
from billing.mandates.queries import Coming, coming_of_bill, coming_of_plan
from billing.models import InstalmentPlan
from billing.payer import queries
from billing.payer.account import Card
from billing.payer.branding import show_bank
from billing.payer.owed import owed_by, payable_now
from billing.payer.queries import SeenBill
from billing.payer.sides import Side, person_side
from billing.payments.into import bill_into
from billing.plans.queries import notes_of_bill, plan_of_bill
from billing.reasons import in_words
from billing.receipts.pdf import render_bills
from tenants.actor import Actor
from tenants.http import path_id
from tenants.papers import Paper, papers_of
from ui.errors import Conflict
from ui.i18n import LOCALES, current_locale, t
from ui.render import respond

Beside = Callable[[Actor], Awaitable[Sequence[Card]]]
_beside: dict[str, Beside] = {}


def add_beside(scenario: str, source: Beside) -> None:
    """Have ``source(actor)`` add cards below what is owed, for those who hold something of this industry.

    What waits for a payer beside money: to sign, to read, to collect. Safe to call again.
    """
    _beside[scenario] = source


async def owed(request: Request, actor: Actor) -> Response:
    """Everything the person has to pay, by institution, in one statement; what else waits for them below."""
    assert actor.person_id is not None  # noqa: S101 - somebody is signed in
    found = await owed_by(actor.person_id)
    beside = [await source(actor) for scenario, source in _beside.items() if scenario in found.scenarios]
    context = {"owed": found, "cards": [card for cards in beside for card in cards]}
    return await respond(request, "billing/payer/owed.html", context)


async def bill(request: Request, actor: Actor) -> Response:
    """One bill, with how each line came about and what was paid."""
    seen = await queries.bill_seen(path_id(request))
    return await bill_page(request, person_side(actor), seen, await papers_of(actor, "bill", seen.id))


async def bill_page(request: Request, side: Side, seen: SeenBill, papers: Sequence[Paper] = ()) -> Response:
    """Show a bill to whichever side sees it."""
    await show_bank(request, seen.tenant_id)
    lines = await lines_of(seen.tenant_id, [seen.id])
    plan = None if side.is_link else await plan_of_bill(seen.tenant_id, seen.id)
    context: dict[str, Any] = {
        "bill": seen,
        "side": side,
        "kept": await pages_of(seen.tenant_id, [seen.id]) if seen.held_names else [],
        "may_minor": (await payable_now(side.actor.person_id, [seen]))[seen.id],
        "lines": lines[seen.id],
        "voluntary": {one["id"] for one in await voluntary_lines(seen.tenant_id, seen.id)},
        "adjustments": await let_off(seen.tenant_id, seen.id) if seen.adjusted_minor else [],
        "kinds": LET_OFF_WORDS,
        "in_words": in_words,
        "notes": await notes_of_bill(seen.tenant_id, seen.id) if seen.adjusted_minor else [],
        "plan_id": plan.id if plan else None,
        "coming": None if side.is_link or not seen.left_minor else await _coming(seen, plan),
        "answers": [] if side.is_link else await open_answers(seen.tenant_id, seen.id),
        "credit_minor": 0 if side.is_link else await _credit_for(seen),
        "papers": papers,
        "into": await bill_into(seen.tenant_id, seen.id, seen.currency),
        "payments": [] if side.is_link else await queries.payments_of_bill(seen),
    }
    return await respond(request, "billing/payer/bill.html", context)


async def _coming(seen: SeenBill, plan: InstalmentPlan | None) -> Coming | None:
    """Return what is going to be taken by itself next: the bill, or the next instalment of its plan."""
    if plan is None:
        return await coming_of_bill(seen.tenant_id, seen.id)
    return await coming_of_plan(plan)


async def _credit_for(seen: SeenBill) -> int:
    if not seen.left_minor or seen.is_for_others:
        return 0
    account_id = await credit.account_of_bill(seen.tenant_id, seen.id)
    return await credit.free_credit(seen.tenant_id, account_id, seen.currency)


async def bill_pdf(request: Request, actor: Actor) -> Response:
    """The bill on paper, in the language asked for."""
    del actor
    seen = await queries.bill_seen(path_id(request))
    return await bill_paper(request, seen)


async def bill_paper(request: Request, seen: SeenBill) -> Response:
    """Draw a bill that the open scope sees."""
    if seen.status == "void":
        raise Conflict("bill.void", t("This bill was cancelled by the institution. There is nothing to pay."))
    locale = wanted_locale(request)
    documents = await documents_of(seen.tenant_id, [seen.id], locale)
    content = await anyio.to_thread.run_sync(render_bills, documents, locale)
    return pdf(content, seen.number)


def wanted_locale(request: Request) -> str:
    """Return the language that the address names, or the reader's."""
    asked = request.query_params.get("lang", "")
    return asked if asked in LOCALES else current_locale()


def pdf(content: bytes, name: str) -> Response:
    """Return a PDF that opens in the browser and is called by its number when kept."""
    headers = {"Content-Disposition": f'inline; filename="{name}.pdf"', "Cache-Control": "no-store"}
    return Response(content, media_type="application/pdf", headers=headers)


def ids_of(texts: list[str]) -> list[UUID]:
    """Return the ids among ``texts``, each once; whatever is no id is left out."""
    found = []
    for text in dict.fromkeys(texts):
        try:
            found.append(UUID(text))
        except ValueError:
            continue
    return found
