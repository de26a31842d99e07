"""A stay as its patient and family see it: what is left, what each day cost, topping up; and paying for a relative."""

from datetime import date
from typing import Any

from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from billing.wallets.kinds import WALLET_KINDS
from billing.wallets.topping_up import top_up
from scenarios.hospital import mine
from scenarios.hospital.inpatient import deposits, finding, listing, settling
from scenarios.hospital.inpatient.admission import DEPOSIT
from scenarios.hospital.inpatient.states import LIVE, TONES, WORDS
from scenarios.hospital.models import Stay, StaySettlement
from scenarios.hospital.pages.common import CARE, hospital_of, use_zone
from tenants.actor import Actor
from tenants.codes import new_token
from tenants.http import WRITES, path_id, person_route
from tenants.papers import papers_of
from tenants.scope import open_scope, tenant_scope
from ui.errors import Conflict, Invalid, NotFound, TooMany
from ui.fields import Amount
from ui.formats import plain_amount
from ui.forms import Form, bind
from ui.i18n import N_, t
from ui.render import redirect, respond


class Deposit(BaseModel):
    """How much is to be deposited."""

    key: str = ""
    amount: Amount = Field(title=N_("Amount"))


class Relative(BaseModel):
    """Who lies where, as somebody says who wants to pay for them."""

    bed: str = Field(title=N_("Bed"), max_length=20)
    name: str = Field(title=N_("Patient's name"), max_length=100)


class RelativeDeposit(Deposit):
    """A deposit for somebody who was found, by the token that stands for their stay."""

    token: str = ""
    name: str = ""


async def _stay(request: Request, actor: Actor) -> tuple[Stay, mine.Proven]:
    """Return a stay that PostgreSQL lets the person see, and how they stand to its patient."""
    async with open_scope(actor.scope()):
        stay = await Stay.get_or_none(id=path_id(request))
    if stay is None:
        raise NotFound("stay.not_found", t("There is no such stay, or it is not yours to see."))
    proven = await mine.prove(actor, stay.account_id, "stays")
    use_zone(request, proven.timezone)
    return stay, proven


async def stay(request: Request, actor: Actor) -> Response:
    """Show a stay: what is left of its deposit, each day, and how it was settled."""
    found, proven = await _stay(request, actor)
    async with open_scope(tenant_scope(found.tenant_id)):
        held = await deposits.held_of(found)
    missing = plain_amount(held.wanted_minor, found.currency) if held.is_low else ""
    form = Form.blank(Deposit, {"key": new_token(), "amount": missing})
    return await _page(request, actor, found, proven, form)


async def _page(  # noqa: PLR0917 - the parts of one page
    request: Request, actor: Actor, found: Stay, proven: mine.Proven, form: Form[Deposit], status: int = 200
) -> Response:
    async with open_scope(tenant_scope(found.tenant_id)):
        settled = await StaySettlement.filter(tenant_id=found.tenant_id, stay_id=found.id, kind="settle")
        context: dict[str, Any] = {
            "stay": found,
            "patient": proven.name,
            "state": t(WORDS[found.status]),
            "tone": TONES[found.status],
            "is_live": found.status in LIVE,
            "held": await deposits.held_of(found),
            "days": await listing.days_of(found),
            "result": await settling.held(found) if found.status == "discharged" else None,
            "bill": next((one.bill_id for one in settled if one.round == found.round), None),
            "kind": DEPOSIT,
        }
    async with open_scope(actor.scope()):
        context["papers"] = await papers_of(actor, "bill", context["bill"]) if context["bill"] else []
    context |= {"form": form, "care": CARE, "here": f"{CARE}/stays/{found.id}"}
    return await respond(request, "hospital/stays/mine.html", context, status=status)


async def deposit(request: Request, actor: Actor) -> Response:
    """Ask for a deposit and go on to pay it."""
    found, proven = await _stay(request, actor)
    form = await bind(request, Deposit, context={"currency": found.currency})
    if form.is_valid:
        try:
            async with open_scope(tenant_scope(found.tenant_id)):
                made = await top_up(
                    actor.within(found.tenant_id),
                    wallet_id=found.wallet_id,
                    amount_minor=form.ok.amount,
                    key=form.ok.key,
                )
        except (Invalid, Conflict) as refused:
            form.fail_with(refused)
        else:
            return redirect(request, f"/my/checkout?bill={made.bill_id}")
    return await _page(request, actor, found, proven, form, 422)


async def day(request: Request, actor: Actor) -> Response:
    """Show what stands in one day's list."""
    found, proven = await _stay(request, actor)
    wanted = day_of(request)
    async with open_scope(tenant_scope(found.tenant_id)):
        lines = await listing.lines_of(found, wanted)
    if not lines:
        raise NotFound("day.not_found", t("Nothing stands in the list of this day."))
    context = {
        "stay": found,
        "patient": proven.name,
        "day": wanted,
        "lines": lines,
        "total_minor": sum(one.amount_minor for one in lines),
        "care": CARE,
        "here": f"{CARE}/stays/{found.id}",
    }
    return await respond(request, "hospital/stays/mine_day.html", context)


def day_of(request: Request) -> date:
    """Return the day in the path."""
    try:
        return date.fromisoformat(request.path_params["day"])
    except ValueError:
        raise NotFound("day.not_found", t("Nothing stands in the list of this day.")) from None


async def relative(request: Request, actor: Actor) -> Response:
    """Ask for whom a deposit is."""
    del actor
    return await _relative(request, Form.blank(Relative))


async def _relative(request: Request, form: Form[Relative], status: int = 200) -> Response:
    context = {"hospital": await hospital_of(request), "form": form, "care": CARE}
    return await respond(request, "hospital/stays/relative.html", context, status=status)


async def find(request: Request, actor: Actor) -> Response:
    """Look for the patient; found, the masked name is shown and how much is asked."""
    hospital = await hospital_of(request)
    form = await bind(request, Relative)
    if form.is_valid:
        try:
            token, masked = await finding.find(
                actor, tenant_id=hospital["id"], bed=form.ok.bed, name=form.ok.name
            )
        except (Invalid, TooMany) as refused:
            form.fail("bed", refused.message)
        else:
            values = {"key": new_token(), "token": token, "name": masked}
            return await _amount(request, hospital, Form.blank(RelativeDeposit, values))
    return await _relative(request, form, 422)


async def _amount(
    request: Request, hospital: Any, form: Form[RelativeDeposit], status: int = 200
) -> Response:
    context = {
        "hospital": hospital,
        "form": form,
        "care": CARE,
        "kind": WALLET_KINDS[DEPOSIT.key],
        "currency": hospital["currency"],
    }
    return await respond(request, "hospital/stays/relative_amount.html", context, status=status)


async def pay(request: Request, actor: Actor) -> Response:
    """Ask for the deposit of the patient who was found, and go on to pay it."""
    hospital = await hospital_of(request)
    form = await bind(request, RelativeDeposit, context={"currency": hospital["currency"]})
    if form.is_valid:
        try:
            address = await finding.begin(
                actor, token=form.ok.token, amount_minor=form.ok.amount, key=form.ok.key
            )
        except (Invalid, Conflict) as refused:
            form.fail_with(refused)
        else:
            return redirect(request, address)
    return await _amount(request, hospital, form, 422)


_ONE = f"{CARE}/stays/{{id}}"
_FOR = f"{CARE}/at/{{hospital}}/deposit"
ROUTES: list[BaseRoute] = [
    person_route(_ONE, stay, name="my_stay"),
    person_route(f"{_ONE}/deposit", deposit, methods=WRITES, name="my_stay_deposit"),
    person_route(f"{_ONE}/days/{{day}}", day, name="my_stay_day"),
    person_route(_FOR, relative, name="relative_deposit"),
    person_route(_FOR, find, methods=WRITES, name="relative_find"),
    person_route(f"{_FOR}/payment", pay, methods=WRITES, name="relative_pay"),
]
