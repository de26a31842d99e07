"""What every page of a school begins with: that it is a school, and where its console is."""

from uuid import UUID

from scenarios.education.kinds import SCENARIO_KEY
from tenants.actor import Actor
from ui.errors import NotFound
from ui.i18n import t


def school(actor: Actor) -> UUID:
    """Return the school's id; an institution without this industry cloud has no such page."""
    if actor.tenant_id is None or SCENARIO_KEY not in actor.place.get("scenarios", ()):
        raise NotFound("page.not_found", t("There is no such page, or it is not yours to see."))
    return actor.tenant_id


def root_of(actor: Actor) -> str:
    """Return the console's address."""
    return f"/t/{actor.place['slug']}"
