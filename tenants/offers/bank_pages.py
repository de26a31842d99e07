"""Offers in the bank's console: its own, what its union offers, one version, publishing, taking a copy."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from tenants.actor import Actor
from tenants.http import WRITES, bank_route, path_id
from tenants.models import BankOffer
from tenants.navigation import Place, add_bank_places
from tenants.offers import services, taker_pages
from tenants.offers.kinds import KINDS, OfferKind, called, changes
from tenants.offers.words import STATES, TONES, from_words
from ui.errors import Conflict, Invalid, NotFound
from ui.fields import Day
from ui.forms import Form, bind
from ui.i18n import N_, gettext, t
from ui.render import redirect, respond
from ui.tables import Column

add_bank_places(Place(N_("Templates, apps and rules"), "/offers", "bank.read", "app", 28))


class NewForm(BaseModel):
    """What a new offer begins with, and what it is called."""

    source: str = Field(title=N_("Begin with"))
    name_en: str = Field(title=N_("Name in English"), max_length=100)
    name: str = Field(title=N_("Name in Chinese"), max_length=100)


class PublishForm(BaseModel):
    """What is new in this version, and from when it can be taken."""

    note: str = Field(title=N_("What is new in it"), min_length=5, max_length=300)
    valid_from: Day = Field(title=N_("Can be taken from"))


async def listed(request: Request, actor: Actor) -> Response:
    """Show the bank's own offers and those of its union."""
    root = _root(actor)
    own = await services.own(actor)
    taken = {one.origin["offer_id"]: one for one in own if one.origin}
    context = {
        "own": own,
        "columns": _columns(root, _newest(own)),
        "above": [(one, called(one.names), gettext(KINDS[one.kind].name), taken.get(str(one.id)))
                  for one in await services.of_union(actor)],
        "drafts": [
            (f"{root}/offers/{one.id}{KINDS[one.kind].edit}", called(one.names), gettext(KINDS[one.kind].name))
            for one in own
            if one.status == "draft" and actor.may(services.WRITE)
        ],
        "kinds": [(key, gettext(kind.name), gettext(kind.hint)) for key, kind in KINDS.items()],
        "may_write": actor.may(services.WRITE),
        "root": root,
    }  # fmt: skip
    return await respond(request, "tenants/offers/bank.html", context)


def _newest(own: Sequence[BankOffer]) -> set[UUID]:
    """Return the newest published version of each offer; ``own`` has the newest first."""
    found: dict[tuple[str, str], UUID] = {}
    for one in own:
        if one.status == "published":
            found.setdefault((one.kind, one.key), one.id)
    return set(found.values())


def _columns(root: str, newest: set[UUID]) -> tuple[Column, ...]:
    return (
        Column(
            "names",
            t("Name"),
            is_main=True,
            value=lambda row: called(row.names),
            href=lambda row: f"{root}/offers/{row.id}",
        ),
        Column("kind", t("Kind"), format=lambda value, _: gettext(KINDS[value].name)),
        Column("number", t("Version"), format="number"),
        Column("valid_from", t("Can be taken from"), format="date"),
        Column("origin", t("Comes from"), value=lambda row: from_words(row.origin)),
        Column(
            "status",
            t("State"),
            value=lambda row: (
                "replaced" if row.status == "published" and row.id not in newest else row.status
            ),
            format="badge",
            tones=TONES,
            words={key: t(word) for key, word in STATES.items()},
        ),
    )


def _kind(request: Request) -> OfferKind:
    found = KINDS.get(request.path_params["kind"])
    if found is None:
        raise NotFound("page.not_found", t("There is no such page, or it is not yours to see."))
    return found


async def new(request: Request, actor: Actor) -> Response:
    """Show what an offer of a kind can begin with."""
    return await _new(request, actor, _kind(request), Form.blank(NewForm))


async def begin(request: Request, actor: Actor) -> Response:
    """Begin an offer as a draft."""
    kind, form = _kind(request), await bind(request, NewForm)
    if form.is_valid:
        names = {"en": form.ok.name_en, "zh_CN": form.ok.name}
        try:
            made = await services.begin(actor, kind, form.ok.source, names)
        except (Invalid, Conflict) as error:
            form.fail_with(error)
        else:
            return redirect(
                request, f"{_root(actor)}/offers/{made.id}{kind.edit}", flash=t("The draft is kept.")
            )
    return await _new(request, actor, kind, form, 422)


async def _new(
    request: Request, actor: Actor, kind: OfferKind, form: Form[NewForm], status: int = 200
) -> Response:
    context = {
        "kind": kind,
        "form": form,
        "sources": list(await kind.sources(actor)),
        "root": _root(actor),
    }
    return await respond(request, "tenants/offers/new.html", context, status=status)


async def show(request: Request, actor: Actor) -> Response:
    """Show one version: what it says, what is new in it, and what can be done with it."""
    found = await services.offer_of(actor, path_id(request))
    return await _show(request, actor, found, Form.blank(PublishForm, {"note": found.note}))


async def _show(
    request: Request, actor: Actor, found: BankOffer, form: Form[PublishForm], status: int = 200
) -> Response:
    kind, is_own = services.kind_of(found), found.bank_id == actor.bank_id
    lines, may_write = kind.lines(found.content), actor.may(services.WRITE)
    before = await services.before(found)
    context: dict[str, Any] = {
        "offer": found,
        "name": called(found.names),
        "kind": gettext(kind.name),
        "lines": lines,
        "before": before,
        "changes": changes(kind.lines(before.content), lines) if before else [],
        "origin": from_words(found.origin),
        "state": gettext(STATES[found.status]),
        "tone": TONES.get(found.status, "neutral"),
        "missing": kind.missing(found.content),
        "form": form,
        "is_own": is_own,
        "edit": kind.edit if is_own and may_write and found.status == "draft" else "",
        "may_publish": is_own and may_write and found.status == "draft",
        "may_withdraw": is_own and may_write and found.status in {"draft", "published"},
        "may_renew": is_own and may_write and found.status in {"published", "withdrawn"},
        "may_copy": not is_own and may_write,
        "root": _root(actor),
    }
    return await respond(request, "tenants/offers/offer.html", context, status=status)


async def publish(request: Request, actor: Actor) -> Response:
    """Offer it to the level beneath."""
    found = await services.offer_of(actor, path_id(request), is_own=True)
    form = await bind(request, PublishForm)
    if form.is_valid:
        try:
            await services.publish(actor, found.id, **form.ok.model_dump())
        except (Invalid, Conflict) as error:
            form.fail_with(error)
        else:
            return redirect(request, f"{_root(actor)}/offers/{found.id}", flash=t("It is offered now."))
    return await _show(request, actor, found, form, 422)


async def withdraw(request: Request, actor: Actor) -> Response:
    """Offer it no longer."""
    await services.withdraw(actor, path_id(request))
    return redirect(request, f"{_root(actor)}/offers", flash=t("It is offered no longer."))


async def renew(request: Request, actor: Actor) -> Response:
    """Begin the next version."""
    made = await services.begin_next(actor, path_id(request))
    return redirect(request, f"{_root(actor)}/offers/{made.id}", flash=t("The draft is kept."))


async def copy(request: Request, actor: Actor) -> Response:
    """Take what the union offers."""
    made = await services.copy(actor, path_id(request))
    words = t("It is your own draft now, with where it comes from. Offer it on as it is, or change it first.")
    return redirect(request, f"{_root(actor)}/offers/{made.id}", flash=words)


def _root(actor: Actor) -> str:
    return f"/bank/{actor.place['slug']}"


ONE, READ, WRITE = "/offers/{id}", "bank.read", services.WRITE
ROUTES: list[BaseRoute] = [
    bank_route("/offers", listed, permission=READ, name="bank_offers"),
    bank_route("/offers/takers", taker_pages.listed, permission=READ, name="bank_offer_takers"),
    bank_route("/offers/new/{kind}", new, permission=WRITE, name="bank_offer_new"),
    bank_route("/offers/new/{kind}", begin, permission=WRITE, methods=WRITES, name="bank_offer_begin"),
    bank_route(ONE, show, permission=READ, name="bank_offer"),
    bank_route(ONE + "/publication", publish, permission=WRITE, methods=WRITES, name="bank_offer_publish"),
    bank_route(ONE + "/withdrawal", withdraw, permission=WRITE, methods=WRITES, name="bank_offer_withdraw"),
    bank_route(ONE + "/next", renew, permission=WRITE, methods=WRITES, name="bank_offer_next"),
    bank_route(ONE + "/taking", copy, permission=WRITE, methods=WRITES, name="bank_offer_copy"),
]
