"""Who pays for a unit: to which of its holders the bills go, and leases by which somebody who rents pays."""

from typing import Annotated, Any
from uuid import UUID

from pydantic import AfterValidator, BaseModel, Field
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from billing.names import localized
from scenarios.community.common import estate_route, root_of
from scenarios.community.estate import leases
from scenarios.community.estate.leases import LeaseTerms
from tenants.accounts import queries
from tenants.accounts.forms import HolderForm
from tenants.actor import Actor
from tenants.days import today_at
from tenants.http import WRITES, path_id
from tenants.jobs import job, subscribe
from tenants.models import Account
from tenants.onboarding.forms import check_email
from tenants.scope import execute
from ui.errors import Conflict, Invalid
from ui.fields import Day
from ui.forms import Form, bind
from ui.i18n import N_, t
from ui.render import redirect, respond


class LeaseForm(BaseModel):
    """Who rents, from when to when, and what they pay."""

    name: str = Field(title=N_("Who rents"), max_length=100)
    email: Annotated[str, AfterValidator(check_email)] | None = Field(
        None, title=N_("E-mail"), max_length=200
    )
    phone: str | None = Field(None, title=N_("Phone"), max_length=40)
    first_on: Day = Field(title=N_("First day"))
    last_on: Day | None = Field(None, title=N_("Last day"))
    fees: list[UUID] = Field([], title=N_("What whoever rents pays"))


class PayerForm(BaseModel):
    """To whom an account's bills go."""

    payer: UUID = Field(title=N_("Bills and reminders go to"))


class EndForm(BaseModel):
    """A lease's last day."""

    last_on: Day = Field(title=N_("Last day"))


async def payer(request: Request, actor: Actor) -> Response:
    """Show who pays for a unit."""
    return await _page(request, actor, await queries.account(actor, path_id(request)))


async def _page(request: Request, actor: Actor, account: Account, **forms: Form[Any]) -> Response:
    now = await today_at(account.tenant_id)
    fees = [(str(one.id), localized(one.names)) for one in await leases.fees_of(account)]
    held = [one for one in await queries.holders(actor, account.id) if one.sees is None]
    present = [one for one in held if one.lasts(now)]
    chosen = next((str(one.id) for one in present if one.is_default_payer), "")
    blank = {"first_on": now.replace(day=1).isoformat(), "fees": [key for key, _ in fees]}
    context = {
        "root": root_of(actor),
        "account": account,
        "holders": [(str(one.id), one.name) for one in present],
        "leases": await leases.leases_of(account.tenant_id, account.id),
        "fees": fees,
        "names": dict(fees),
        "today": now,
        "may_lease": actor.may("credit_notes.write"),
        "payer_form": forms.get("payer") or Form.blank(PayerForm, {"payer": chosen}),
        "lease_form": forms.get("lease") or Form.blank(LeaseForm, blank),
        "end_form": forms.get("end") or Form.blank(EndForm, {"last_on": now.isoformat()}),
    }
    return await respond(request, "community/lease.html", context, status=422 if forms else 200)


async def choose(request: Request, actor: Actor) -> Response:
    """Say to whom the bills go."""
    account = await queries.account(actor, path_id(request))
    form = await bind(request, PayerForm)
    if not form.is_valid:
        return await _page(request, actor, account, payer=form)
    found = await leases.choose_payer(actor, account.id, form.ok.payer)
    flash = t("Bills and reminders go to {name} from now on.", name=found.name)
    return redirect(request, f"{root_of(actor)}/accounts/{account.id}/payer", flash=flash)


async def begin(request: Request, actor: Actor) -> Response:
    """Write a lease down."""
    account = await queries.account(actor, path_id(request))
    form = await bind(request, LeaseForm)
    if form.is_valid:
        said = form.ok
        renter = HolderForm(name=said.name, relation="resident", email=said.email, phone=said.phone)
        try:
            await leases.begin(
                actor, account.id, LeaseTerms(said.first_on, said.last_on, renter, said.fees)
            )  # fmt: skip
            flash = t("Written down. The next bill run charges each for their own days.")
            return redirect(request, f"{root_of(actor)}/accounts/{account.id}/payer", flash=flash)
        except Invalid as error:
            form.fail_with(error)
        except Conflict as error:
            form.fail("", error.message)
    return await _page(request, actor, account, lease=form)


async def end(request: Request, actor: Actor) -> Response:
    """End a lease."""
    account = await queries.account(actor, path_id(request))
    form = await bind(request, EndForm)
    if form.is_valid:
        try:
            await leases.end(actor, account.id, path_id(request, "lease"), last_on=form.ok.last_on)
            flash = t("It ends on this day. The owner is charged from the next on.")
            return redirect(request, f"{root_of(actor)}/accounts/{account.id}/payer", flash=flash)
        except Invalid as error:
            form.fail_with(error)
        except Conflict as error:
            form.fail("", error.message)
    return await _page(request, actor, account, end=form)


RENTER_CAME = "community.renter_came"
_CAME = """
update tenants_holder g set person_id = h.person_id, confirmed_at = now()
  from tenants_holder h join community_lease l on l.tenant_id = $1 and l.payer_id = h.account_id
 where h.tenant_id = $1 and h.id = $2 and h.person_id is not null and g.tenant_id = $1
   and g.account_id = l.account_id and g.name = l.renter and g.sees is not null and g.person_id is null
"""


@job(RENTER_CAME)
async def renter_came(actor: Actor, payload: dict[str, Any]) -> None:
    """Let whoever has confirmed that they rent into the unit as well: one code is enough."""
    await execute(_CAME, actor.tenant_id, UUID(payload["holder_id"]))


subscribe(
    "holder.confirmed",
    RENTER_CAME,
    where="exists (select 1 from community_lease l where l.tenant_id = $1 and l.payer_id is not null)",
)

_ONE = "/accounts/{id}/payer"
ROUTES: list[BaseRoute] = [
    estate_route(_ONE, payer, permission="accounts.write", name="unit_payer"),
    estate_route(_ONE, choose, permission="accounts.write", methods=WRITES, name="unit_payer_choose"),
    estate_route(
        "/accounts/{id}/leases", begin, permission="credit_notes.write", methods=WRITES, name="lease_begin"
    ),
    estate_route(
        "/accounts/{id}/leases/{lease}/end",
        end,
        permission="credit_notes.write",
        methods=WRITES,
        name="lease_end",
    ),
]
