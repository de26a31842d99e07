"""The family's page of the canteen: what is on the card, what was eaten, limits, and what the child must not eat."""

import json
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from billing.names import localized
from billing.wallets.topping_up import top_up
from scenarios.education.canteen import office, refill, till
from scenarios.education.canteen.terms import ALLERGENS, WALLET
from scenarios.education.family.children import Child, child_of, must_attend
from tenants.actor import Actor
from tenants.codes import new_token
from tenants.http import WRITES, path_id, person_route
from tenants.scope import open_scope, row, rows, tenant_scope
from ui.errors import Conflict, Forbidden, Invalid
from ui.fields import MinorAmount
from ui.formats import listed, plain_amount
from ui.forms import Form, bind
from ui.i18n import N_, gettext, t
from ui.render import redirect, respond

CONSENT = N_(
    "I agree that the school keeps what my child must not eat, so that the canteen does not serve it. I can take this"
    " back here at any time; the school then deletes it."
)


class TopUpForm(BaseModel):
    """How much is put on the card."""

    amount_minor: Annotated[int, MinorAmount()] = Field(title=N_("Amount"))
    key: str = ""


class CardForm(BaseModel):
    """What the family sets."""

    daily_limit_minor: Annotated[int | None, MinorAmount()] = Field(None, title=N_("At most in a day"))
    alert_minor: Annotated[int | None, MinorAmount()] = Field(None, title=N_("Tell us below"))
    is_blocked: bool = Field(False, title=N_("Block the card"))


class RefillForm(BaseModel):
    """When the card is filled by itself, with how much, and how much in a month."""

    level_minor: Annotated[int, MinorAmount()] = Field(title=N_("When less than this is left"))
    refill_minor: Annotated[int, MinorAmount()] = Field(title=N_("Put this on the card"))
    month_minor: Annotated[int, MinorAmount()] = Field(title=N_("At most in a month"))


class FoodForm(BaseModel):
    """What the child must not eat."""

    allergies: list[str] = Field([], title=N_("My child must not eat"))
    agrees: bool = Field(False, title=N_("I agree"))


_WALLET = """
select id, balance_minor from billing_wallet where tenant_id = $1 and account_id = $2 and kind = $3 limit 1
"""
_CARD = """
select daily_limit_minor, alert_minor, is_blocked, allergies from education_card
 where tenant_id = $1 and account_id = $2
"""
_NOTHING_SET: Mapping[str, Any] = {
    "daily_limit_minor": None,
    "alert_minor": None,
    "is_blocked": False,
    "allergies": "",
}
_EATEN = """
select items, price_minor, paid_minor, is_undone, created_at from education_sale
 where tenant_id = $1 and account_id = $2 order by created_at desc limit 20
"""


async def show(request: Request, actor: Actor) -> Response:
    """Show the card of a child."""
    child = await child_of(actor, path_id(request, "account_id"))
    return await _page(request, actor, child, {})


async def _page(
    request: Request, actor: Actor, child: Child, forms: dict[str, Form[Any]], status: int = 200
) -> Response:
    card = await row(_CARD, child.tenant_id, child.account_id)
    known: dict[str, Any] = dict(card) if card else {**_NOTHING_SET}
    allergies = [key for key in known["allergies"].split(",") if key]
    context = {
        "child": child,
        "wallet": await row(_WALLET, child.tenant_id, child.account_id, WALLET),
        "eaten": [_eaten(one) for one in await rows(_EATEN, child.tenant_id, child.account_id)],
        "top_up": Form.blank(TopUpForm, {"key": new_token()}),
        "card": Form.blank(CardForm, _limits(known, child.currency)),
        "food": Form.blank(FoodForm, {"allergies": allergies, "agrees": bool(allergies)}),
        "allergens": list(ALLERGENS.items()),
        "consent": gettext(CONSENT),
        **await _refill(actor, child),
        "root": f"/my/school/{child.account_id}",
    }
    return await respond(request, "education/my/canteen.html", context | forms, status=status)


_LAST = """
select level_minor, amount_minor, month_minor, status, word, person_name from education_refill
 where tenant_id = $1 and account_id = $2 order by created_at desc, id desc limit 1
"""


async def _refill(actor: Actor, child: Child) -> dict[str, Any]:
    """Return how the card fills itself, and whether the reader may set it."""
    found = await row(_LAST, child.tenant_id, child.account_id)
    async with open_scope(tenant_scope(child.tenant_id)):
        mandate = await refill.mandate_of(child)
    names = {"level_minor": "level_minor", "refill_minor": "amount_minor", "month_minor": "month_minor"}
    values = {name: plain_amount(found[key], child.currency) for name, key in names.items()} if found else {}
    return {
        "filling": found,
        "word": gettext(refill.WORDS[found["word"]]) if found and found["word"] else "",
        "has_autopay": mandate is not None,
        "is_mine": mandate is not None and mandate.person_id == actor.person_id,
        "refill": Form.blank(RefillForm, values),
    }


async def fill_itself(request: Request, actor: Actor) -> Response:
    """Have the card filled by autopay from now on."""
    child = await child_of(actor, path_id(request, "account_id"))
    form = await bind(request, RefillForm, context={"currency": child.currency})
    if form.is_valid:
        try:
            async with open_scope(tenant_scope(child.tenant_id)):
                await refill.set_up(
                    actor, child, refill.Wish(form.ok.level_minor, form.ok.refill_minor, form.ok.month_minor)
                )
            flash = t("Kept. The card fills itself from now on, and you can stop it here.")
            return redirect(request, f"/my/school/{child.account_id}/canteen", flash=flash)
        except Invalid as error:
            form.fail_with(error)
        except (Conflict, Forbidden) as error:
            form.fail("", error.message)
    return await _page(request, actor, child, {"refill": form}, status=422)


async def stop_filling(request: Request, actor: Actor) -> Response:
    """Take nothing more by itself."""
    child = await child_of(actor, path_id(request, "account_id"))
    async with open_scope(tenant_scope(child.tenant_id)):
        await refill.stop(actor, child)
    return redirect(
        request,
        f"/my/school/{child.account_id}/canteen",
        flash=t("Stopped. Nothing more is taken by itself."),
    )


def _limits(known: Mapping[str, Any], currency: str) -> dict[str, Any]:
    amounts = ("daily_limit_minor", "alert_minor")
    shown = {name: plain_amount(known[name], currency) for name in amounts if known[name] is not None}
    return {"is_blocked": known["is_blocked"], **shown}


def _eaten(one: Any) -> dict[str, Any]:
    names = listed(localized(each["names"]) for each in json.loads(one["items"]))
    return {**dict(one), "names": names}


async def fill(request: Request, actor: Actor) -> Response:
    """Ask for money to be put on the card, and go on to paying."""
    child = await child_of(actor, path_id(request, "account_id"))
    form = await bind(request, TopUpForm, context={"currency": child.currency})
    if form.is_valid:
        try:
            must_attend(child)
            async with open_scope(tenant_scope(child.tenant_id)):
                wallet = await till.wallet_of(child.tenant_id, child.account_id)
                asked = await top_up(
                    actor.within(child.tenant_id),
                    wallet_id=wallet.id,
                    amount_minor=form.ok.amount_minor,
                    key=form.ok.key or new_token(),
                )
            return redirect(request, f"/my/checkout?bill={asked.bill_id}")
        except Invalid as error:
            form.fail("amount_minor", next(iter(error.fields.values()), error.message))
        except Conflict as error:
            form.fail("amount_minor", error.message)
    return await _page(request, actor, child, {"top_up": form}, status=422)


async def set_card(request: Request, actor: Actor) -> Response:
    """Keep limits."""
    child = await child_of(actor, path_id(request, "account_id"))
    form = await bind(request, CardForm, context={"currency": child.currency})
    if form.is_valid:
        try:
            async with open_scope(tenant_scope(child.tenant_id)):
                await office.set_card(actor, child, **form.ok.model_dump())
            return redirect(
                request, f"/my/school/{child.account_id}/canteen", flash=t("Kept. It holds at the next meal.")
            )
        except Forbidden as error:
            form.fail("", error.message)
    return await _page(request, actor, child, {"card": form}, status=422)


async def set_food(request: Request, actor: Actor) -> Response:
    """Keep what the child must not eat, with the guardian's agreement."""
    child = await child_of(actor, path_id(request, "account_id"))
    form = await bind(request, FoodForm)
    if form.is_valid:
        try:
            async with open_scope(tenant_scope(child.tenant_id)):
                words = gettext(CONSENT)
                await office.set_allergies(
                    actor, child, form.ok.allergies, words=words, agrees=form.ok.agrees
                )
            flash = t("Kept. The till warns from now on.") if form.ok.agrees else t("Deleted.")
            return redirect(request, f"/my/school/{child.account_id}/canteen", flash=flash)
        except Invalid as error:
            form.fail_with(error)
        except (Conflict, Forbidden) as error:
            form.fail("agrees", error.message)
    return await _page(request, actor, child, {"food": form}, status=422)


_ROOT = "/my/school/{account_id}/canteen"
ROUTES: list[BaseRoute] = [
    person_route(_ROOT, show, name="my_canteen"),
    person_route(_ROOT + "/top-ups", fill, methods=WRITES, name="my_canteen_fill"),
    person_route(_ROOT + "/refill", fill_itself, methods=WRITES, name="my_canteen_refill"),
    person_route(_ROOT + "/refill/ending", stop_filling, methods=WRITES, name="my_canteen_refill_end"),
    person_route(_ROOT + "/limits", set_card, methods=WRITES, name="my_canteen_card"),
    person_route(_ROOT + "/food", set_food, methods=WRITES, name="my_canteen_food"),
]
