"""What the hospital's pages share: whose page it is, times by the hospital's clocks."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from uuid import UUID

from starlette.requests import Request

from billing.names import localized
from scenarios.hospital.days import local
from scenarios.hospital.kinds import SCENARIO_KEY
from tenants.actor import Actor
from tenants.public import Institution, institution_at
from ui.errors import NotFound
from ui.formats import date_text
from ui.i18n import t

CARE = "/my/care"


async def hospital_of(request: Request) -> Institution:
    """Return the hospital in the path, and show times by its clocks."""
    found = await institution_at(SCENARIO_KEY, request.path_params["hospital"])
    use_zone(request, found["timezone"])
    return found


def use_zone(request: Request, zone: str) -> None:
    """Show this page's times by a hospital's clocks."""
    request.state.shell = replace(request.state.shell, zone=zone)


def root_of(actor: Actor) -> str:
    """Return where the console of the actor's hospital is."""
    return f"/t/{actor.place['slug']}"


def tenant_of(actor: Actor) -> UUID:
    """Return the hospital that the actor works in."""
    assert actor.tenant_id is not None  # noqa: S101 - the door has led here
    return actor.tenant_id


def require_hospital(actor: Actor) -> None:
    """Only an institution with this industry cloud has these pages."""
    if SCENARIO_KEY not in actor.place.get("scenarios", ()):
        raise NotFound("page.not_found", t("There is no such page, or it is not yours to see."))


def with_words(session: Mapping[str, Any], zone: str) -> dict[str, Any]:
    """Return a session's row with its names and times as the reader sees them."""
    starts, ends = local(session["starts_at"], zone), local(session["ends_at"], zone)
    return {
        **session,
        "service_name": localized(session["service"]),
        "department_name": localized(session["department"]),
        "time": f"{starts:%H:%M}–{ends:%H:%M}",
        "day_name": date_text(session["day"], "full"),
    }
