"""What leads an agency's staff to their desk, as one card on the page of what they owe."""

from collections.abc import Sequence

from billing.payer.account import Card
from billing.payer.overview import add_beside
from scenarios.tourism.agencies.desk import agencies_of
from scenarios.tourism.kinds import SCENARIO_KEY
from tenants.actor import Actor
from ui.formats import listed
from ui.i18n import t


async def agencies_card(actor: Actor) -> Sequence[Card]:
    """Return the card that leads to the agencies somebody books for."""
    found = await agencies_of(actor)
    if not found:
        return ()
    names = listed(sorted({one["site"] for one in found}))
    return (Card(t("Book for groups"), names, "/my/agencies", t("Open the booking desk")),)


def register() -> None:
    """Show the card to everybody who books for an agency; safe to call again."""
    add_beside(SCENARIO_KEY, agencies_card)
