"""Who has taken what is offered, as a list with its file: institutions for a bank, member banks for a union."""

import json
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from tenants.actor import Actor
from tenants.banks.reach import bank_of, is_union
from tenants.models import BankOffer
from tenants.navigation import named
from tenants.offers import services, takers
from tenants.offers.kinds import KINDS, called
from ui.exports import export, wants_export
from ui.i18n import gettext, t
from ui.render import respond
from ui.tables import Column, Page, TableQuery

MOST = 100_000
_TONES: dict[str, Any] = {"older": "warning", "newest": "success"}
_STATES = {"newest": t("Newest version"), "older": t("An older version")}


async def listed(request: Request, actor: Actor) -> Response:
    """Show who has taken which offer, in which version and since when."""
    is_above, root = await is_union(bank_of(actor)), f"/bank/{actor.place['slug']}"
    columns = _columns(root, is_above=is_above)
    query = TableQuery.parse(request, columns=columns, filters=("offer", "state"), default_sort="-taken_at")
    if wants_export(request):
        every = await takers.listed(actor, query, is_union=is_above, most=MOST)
        return await export(request, columns, every, "offers-taken")
    found = await takers.listed(actor, query, is_union=is_above)
    context = {
        "page": Page.of(query, found, await takers.count(actor, query, is_union=is_above)),
        "columns": columns,
        "offers": _offers(await services.own(actor)),
        "states": list(_STATES.items()),
        "is_union": is_above,
        "root": root,
    }
    return await respond(request, "tenants/offers/takers.html", context, block="list")


def _offers(own: list[BankOffer]) -> list[tuple[str, str]]:
    """Return each offer that was ever published, once, under its newest name."""
    found: dict[str, str] = {}
    for one in own:
        if one.status != "draft":
            found.setdefault(
                f"{one.kind}:{one.key}", f"{called(one.names)} ({gettext(KINDS[one.kind].name)})"
            )
    return list(found.items())


def _columns(root: str, *, is_above: bool) -> tuple[Column, ...]:
    offer = (
        Column("names", t("What was taken"), value=lambda row: called(json.loads(row["names"])),
               href=lambda row: f"{root}/offers/{row['offer_id']}"),
        Column("kind", t("Kind"), format=lambda value, _: gettext(KINDS[value].name)),
        Column("number", t("Version"), format="number", sortable=True),
        Column("taken_at", t("Day it was taken"), format="datetime", sortable=True),
    )  # fmt: skip
    state = Column(
        "state", t("State"), value=lambda row: "older" if row["is_behind"] else "newest",
        format="badge", tones=_TONES, words=_STATES,
    )  # fmt: skip
    if is_above:
        return (
            Column("name", t("Bank"), is_main=True, sortable=True, value=lambda row: named(row, "name")),
            *offer,
            Column("offered_at", t("Offered on since"), format="datetime"),
            Column("institutions", t("Institutions that have it"), format="number"),
            state,
        )
    return (
        Column("name", t("Institution"), is_main=True, sortable=True,
               href=lambda row: f"{root}/tenants/{row['tenant_id']}"),
        Column("branch", t("Branch")),
        *offer,
        Column("taken_by_name", t("Who took it")),
        state,
    )  # fmt: skip
