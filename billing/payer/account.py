"""One account as its holder sees it: what it owes, its credit, how it is paid, who else may pay."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from billing.credit.queries import SeenAccount, account_seen, free_credit
from billing.plans.conditions import later_minor
from tenants.actor import Actor
from tenants.http import path_id
from tenants.scope import row
from ui.i18n import Text
from ui.render import respond

_OWED = f"""
select count(*) bills,
       coalesce(sum(b.total_minor - b.paid_minor - b.adjusted_minor - k.later_minor), 0)::bigint due_minor,
       coalesce(sum(k.later_minor), 0)::bigint later_minor
  from billing_bill b cross join lateral (select {later_minor("day_of(b.tenant_id)")} later_minor) k
 where b.tenant_id = $1 and b.account_id = $2 and b.currency = $3 and b.status in ('issued', 'part_paid')
   and b.held_until is null
"""


@dataclass(frozen=True, slots=True)
class Card:
    """One way an account is paid, in a line: what it is, how it stands, and where it is changed."""

    title: Text
    text: Text | str
    href: str
    link: Text


Source = Callable[[Actor, SeenAccount], Awaitable[Card | None]]
_sources: list[tuple[int, Source]] = []
_for_guests: set[Source] = set()


def add_card(source: Source, *, order: int = 50, is_for_guests: bool = False) -> None:
    """Have ``source(actor, account)`` add a card to the account's page; safe to call again.

    A guest who may not pay (``tenants/accounts/guests.py``) sees only what is ``is_for_guests``.
    """
    if source not in [known for _, known in _sources]:
        _sources.append((order, source))
    if is_for_guests:
        _for_guests.add(source)


async def account(request: Request, actor: Actor) -> Response:
    """Show one account that the person holds."""
    seen = await account_seen(path_id(request), actor.person_id, is_for_guests=True)
    owed = await row(_OWED, seen.tenant_id, seen.id, seen.currency)
    ordered = [source for _, source in sorted(_sources, key=lambda entry: entry[0])]
    found = [await source(actor, seen) for source in ordered if seen.may_pay or source in _for_guests]
    context = {
        "account": seen,
        "owed": owed,
        "credit_minor": await free_credit(seen.tenant_id, seen.id, seen.currency),
        "cards": [card for card in found if card is not None],
    }
    return await respond(request, "billing/payer/account.html", context)
