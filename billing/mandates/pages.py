"""Autopay on a payer's pages: they set it up from a bank account or a card, see what comes, and stop it."""

from contextlib import suppress
from typing import Annotated, Any

from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from billing.credit.queries import SeenAccount, account_seen
from billing.mandates import life, saving, staff_pages, terms_page
from billing.mandates.cards import card_of, is_ending
from billing.mandates.declines import why
from billing.mandates.instalments import unannounced
from billing.mandates.life import WORDS, Wish
from billing.mandates.queries import debits_of, largest_bill
from billing.mandates.saving import kept_by
from billing.mandates.states import LIVE
from billing.mandates.terms import MandateTerms
from billing.mandates.ways import SAVED, Way, ways_of
from billing.mandates.words import DEBIT_TONES, DEBIT_WORDS, MANDATE_TONES, MANDATE_WORDS, SCHEDULE_WORDS
from billing.models import Mandate
from billing.payer.account import Card, add_card
from billing.terms import terms_of
from tenants.actor import Actor
from tenants.days import today
from tenants.http import WRITES, path_id, person_route
from tenants.runtime import runtime
from tenants.scope import open_scope, tenant_scope
from ui.errors import Conflict, Invalid, NotFound
from ui.fields import MinorAmount
from ui.flash import Flash
from ui.forms import Form, bind
from ui.i18n import N_, t
from ui.render import redirect, respond

terms_page.register()


class Autopay(BaseModel):
    """What a payer wants to be taken, from what, and when."""

    way: str = Field("", title=N_("Taken from what"))
    ceiling: Annotated[int, MinorAmount()] = Field(title=N_("At most, each time"))
    schedule: str = Field("bill", title=N_("When"))
    day: int = Field(1, title=N_("Day of the month"), ge=1, le=28)


async def show(request: Request, actor: Actor) -> Response:
    """Show how an account is paid automatically, or the form to set it up (asks the bank when it waits for leave)."""
    async with open_scope(actor.scope()):
        seen = await account_seen(path_id(request), actor.person_id)
        mandate = await _live(seen)
    if mandate is not None and (mandate.status in {"created", "authorising"} or mandate.authorise_url):
        with suppress(Conflict):
            await life.present(actor.within(seen.tenant_id), mandate.id)
    ways = await ways_of(actor, seen.tenant_id)
    form = Form.blank(Autopay, {"way": _first(request, ways), "schedule": "bill", "day": 1})
    async with open_scope(actor.scope()):
        return await _page(request, actor, seen, form, ways)


def _first(request: Request, ways: list[Way]) -> str:
    """Return what the form begins with: the card that the address names where it is on offer, or the first way."""
    asked = f"{SAVED}{request.query_params.get('card', '')}"
    keys = [way.key for way in ways]
    return asked if asked in keys else next(iter(keys), "")


async def _live(seen: SeenAccount) -> Mandate | None:
    return await Mandate.filter(tenant_id=seen.tenant_id, account_id=seen.id, status__in=LIVE).first()


async def _page(
    request: Request,
    actor: Actor,
    seen: SeenAccount,
    form: Form[Autopay],
    ways: list[Way],
    *,
    status: int = 200,
) -> Response:
    mandate = await _live(seen)
    card = await card_of(mandate) if mandate else None
    context: dict[str, Any] = {
        "account": seen,
        "mandate": mandate,
        "debits": await debits_of(seen.tenant_id, seen.id),
        "coming": await unannounced(seen.tenant_id, seen.id),
        "terms": await terms_of(seen.tenant_id, MandateTerms),
        "form": form,
        "ways": [(way.key, way.words) for way in ways],
        "card": card,
        "largest_minor": 0 if mandate else await largest_bill(seen.tenant_id, seen.id, seen.currency),
        "kept": await kept_by(seen.tenant_id, actor.person_id),
        "is_ending": card is not None and is_ending(card, today(seen.timezone)),
        "why_not": why,
        "words": MANDATE_WORDS,
        "tones": MANDATE_TONES,
        "debit_words": DEBIT_WORDS,
        "debit_tones": DEBIT_TONES,
        "why": t(WORDS[mandate.word]) if mandate and mandate.word in WORDS else "",
        "when": SCHEDULE_WORDS,
    }
    return await respond(request, "billing/mandates/mine.html", context, status=status)


async def set_up(request: Request, actor: Actor) -> Response:
    """Set automatic payment up (outside of any scope) and go where the payer gives leave."""
    async with open_scope(actor.scope()):
        seen = await account_seen(path_id(request), actor.person_id)
    ways = await ways_of(actor, seen.tenant_id)
    form = await bind(request, Autopay, context={"currency": seen.currency})
    if form.is_valid:
        back = f"{runtime().public_url.rstrip('/')}/my/accounts/{seen.id}/autopay"
        wish = Wish(form.ok.way, form.ok.ceiling, form.ok.schedule, form.ok.day)
        try:
            mandate = await life.set_up(
                actor, tenant_id=seen.tenant_id, account_id=seen.id, wish=wish, return_url=back
            )
        except (Invalid, Conflict) as refused:
            form.fail_with(refused)
        else:
            return redirect(request, mandate.authorise_url or f"/my/accounts/{seen.id}/autopay")
    async with open_scope(actor.scope()):
        return await _page(request, actor, seen, form, ways, status=422)


async def other_card(request: Request, actor: Actor) -> Response:
    """Go where the payer saves another card (outside of any scope); the old one is charged until then."""
    async with open_scope(actor.scope()):
        seen, mandate = await _own(request, actor)
    url = f"/my/accounts/{seen.id}/autopay"
    try:
        asked = await life.change_card(actor.within(seen.tenant_id), mandate_id=mandate.id)
    except Conflict as refused:
        return redirect(request, url, flash=Flash(refused.message, tone="warning"))
    return redirect(request, asked.authorise_url or url)


async def _own(request: Request, actor: Actor) -> tuple[SeenAccount, Mandate]:
    seen = await account_seen(path_id(request), actor.person_id)
    mandate = await _live(seen)
    if mandate is None:
        raise NotFound("mandate.not_found", t("Nothing is paid automatically for this account."))
    return seen, mandate


async def stop(request: Request, actor: Actor) -> Response:
    """Stop automatic payment at once."""
    seen, mandate = await _own(request, actor)
    async with open_scope(tenant_scope(seen.tenant_id)):
        await life.stop(actor.within(seen.tenant_id), mandate_id=mandate.id)
    text = t("Stopped. Nothing more is taken for this account.")
    return redirect(request, f"/my/accounts/{seen.id}/autopay", flash=text)


async def forget_card(request: Request, actor: Actor) -> Response:
    """Take away a card that the payer has kept here."""
    seen = await account_seen(path_id(request), actor.person_id)
    url = f"/my/accounts/{seen.id}/autopay"
    try:
        await saving.forget(actor, tenant_id=seen.tenant_id, card_id=path_id(request, "card_id"))
    except Conflict as refused:
        return redirect(request, url, flash=Flash(refused.message, tone="warning"))
    return redirect(request, url, flash=t("The card is forgotten, here and at Stripe."))


async def resume(request: Request, actor: Actor) -> Response:
    """Take a paused automatic payment up again."""
    seen, mandate = await _own(request, actor)
    url = f"/my/accounts/{seen.id}/autopay"
    try:
        async with open_scope(tenant_scope(seen.tenant_id)):
            await life.resume(actor.within(seen.tenant_id), mandate_id=mandate.id)
    except Conflict as refused:
        return redirect(request, url, flash=Flash(refused.message, tone="warning"))
    return redirect(request, url, flash=t("Your bills are paid automatically again."))


async def autopay_card(actor: Actor, account: SeenAccount) -> Card | None:
    """Say on an account's page whether it is paid automatically."""
    del actor
    mandate = await _live(account)
    waits = t("Bills can be taken from your bank account or card by themselves.")
    return Card(
        t("Automatic payment"),
        MANDATE_WORDS[mandate.status] if mandate else waits,
        f"/my/accounts/{account.id}/autopay",
        t("See or stop it") if mandate else t("Set it up"),
    )


add_card(autopay_card, order=30)
ROUTES: list[BaseRoute] = [
    *staff_pages.ROUTES,
    person_route("/my/accounts/{id}/autopay", show, name="my_autopay", is_transactional=False),
    person_route(
        "/my/accounts/{id}/autopay", set_up, methods=WRITES, name="my_autopay_setup", is_transactional=False
    ),
    person_route(
        "/my/accounts/{id}/autopay/card",
        other_card,
        methods=WRITES,
        name="my_autopay_card",
        is_transactional=False,
    ),
    person_route("/my/accounts/{id}/autopay/end", stop, methods=WRITES, name="my_autopay_end"),
    person_route(
        "/my/accounts/{id}/cards/{card_id}/removal", forget_card, methods=WRITES, name="my_card_removal"
    ),
    person_route("/my/accounts/{id}/autopay/resumption", resume, methods=WRITES, name="my_autopay_resume"),
]
