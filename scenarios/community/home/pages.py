"""The page ``/my/home``: all units of a resident, and what waits for them."""

from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from billing.credit.queries import SeenAccount
from billing.payer.account import Card, add_card
from scenarios.community.common import resident_route
from scenarios.community.home import queries
from scenarios.community.merchants.states import WORDS as ORDER_WORDS
from scenarios.community.meters.pages import KIND_WORDS
from scenarios.community.service.states import TONES, WORD_TEXTS
from tenants.actor import Actor
from tenants.days import today_at
from tenants.scope import row
from ui.i18n import t
from ui.render import respond


async def home(request: Request, actor: Actor) -> Response:
    """Show a resident everything about their units."""
    assert actor.person_id is not None  # noqa: S101 - somebody is signed in
    found: dict[str, Any] = await queries.home_of(actor.person_id)
    totals: dict[str, int] = {}
    for bill in found["owed"]:
        due = bill["left_minor"] - bill["later_minor"]
        totals[bill["currency"]] = totals.get(bill["currency"], 0) + due
    month = (await today_at(found["units"][0]["tenant_id"])).replace(day=1) if found["units"] else None
    to_read = [one for one in found["meters"] if month and (one["read_on"] is None or one["read_on"] < month)]
    context = {
        **found,
        "totals": totals,
        "due": to_read,
        "kinds": KIND_WORDS,
        "words": WORD_TEXTS,
        "order_words": ORDER_WORDS,
        "tones": TONES,
    }
    return await respond(request, "community/home/home.html", context)


_IS_UNIT = "select 1 from tenants_account where tenant_id = $1 and id = $2 and scenario = 'community'"


async def home_card(actor: Actor, account: SeenAccount) -> Card | None:
    """Lead from a unit's account to the resident's home."""
    del actor
    if await row(_IS_UNIT, account.tenant_id, account.id) is None:
        return None
    text = t("Repairs, meters, notices, votes and visitors of all your units.")
    return Card(t("My home"), text, "/my/home", t("Open"))


add_card(home_card, order=1, is_for_guests=True)
ROUTES: list[BaseRoute] = [resident_route("/my/home", home, name="my_home")]
