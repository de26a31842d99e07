"""The bank's fee, set in the bank's console, institution by institution."""

from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from billing.routing.sentences import fee_sentence
from billing.routing.terms import BankFee, Rounding
from billing.terms import keep_terms, terms_of
from tenants.actor import Actor
from tenants.http import WRITES, bank_route, path_id
from tenants.models import Tenant
from tenants.navigation import BANK_PLACES, Place
from tenants.scope import open_scope, rows, tenant_scope
from ui.errors import NotFound
from ui.fields import MinorAmount
from ui.formats import plain_amount
from ui.forms import Form, bind
from ui.i18n import N_, t
from ui.render import redirect, respond
from ui.tables import Column

Money = Annotated[int, MinorAmount(allow_zero=True)]
ROUNDINGS = [
    ("half_up", t("To the nearest, half up")),
    ("half_even", t("To the nearest, half to even")),
    ("up", t("Always up")),
    ("down", t("Always down")),
]
PLACE = Place(N_("Fees"), "/fees", "tenants.read", "rule", 25)
if PLACE not in BANK_PLACES:
    BANK_PLACES.append(PLACE)


class FeeForm(BaseModel):
    """The fee as it is typed."""

    basis_points: int = Field(title=N_("Share in basis points"), ge=0, le=1000)
    fixed: Money = Field(title=N_("Fixed amount for each payment"))
    cap: Money | None = Field(None, title=N_("Cap of the fee"))
    rounding: Rounding = Field(title=N_("Rounded"))


async def fees(request: Request, actor: Actor) -> Response:
    """The institutions of the bank, each a way to its fee."""
    root = f"/bank/{actor.place['slug']}"
    found = await rows(
        "select id, name, short_name, currency from tenants_tenant where bank_id = $1 order by name limit 2000",
        actor.bank_id,
    )
    columns = (
        Column("name", t("Institution"), is_main=True, href=lambda row: f"{root}/fees/{row['id']}"),
        Column("currency", t("Currency")),
    )
    return await respond(request, "billing/routing/fees.html", {"found": found, "columns": columns})


async def fee(request: Request, actor: Actor) -> Response:
    """What the bank keeps of one institution's payments."""
    tenant = await _tenant(actor, path_id(request))
    kept = await _fee_of(tenant)
    shown = {
        "basis_points": kept.basis_points,
        "fixed": plain_amount(kept.fixed_minor, tenant.currency),
        "cap": "" if kept.cap_minor is None else plain_amount(kept.cap_minor, tenant.currency),
        "rounding": kept.rounding,
    }
    return await _page(request, actor, tenant, kept, Form.blank(FeeForm, shown))


async def _tenant(actor: Actor, tenant_id: UUID) -> Tenant:
    found = await Tenant.get_or_none(id=tenant_id, bank_id=actor.bank_id)
    if found is None:
        raise NotFound("tenant.not_found", t("There is no such institution."))
    return found


async def _fee_of(tenant: Tenant) -> BankFee:
    async with open_scope(tenant_scope(tenant.id)):
        return await terms_of(tenant.id, BankFee)


async def _page(  # noqa: PLR0917 - the parts of one page
    request: Request, actor: Actor, tenant: Tenant, kept: BankFee, form: Form[FeeForm], status: int = 200
) -> Response:
    context = {
        "tenant": tenant,
        "form": form,
        "root": f"/bank/{actor.place['slug']}",
        "sentence": fee_sentence(kept, tenant.currency),
        "examples": [(amount, kept.of(amount)) for amount in (1_000, 10_000, 100_000)],
        "roundings": ROUNDINGS,
    }
    return await respond(request, "billing/routing/fee.html", context, status=status)


async def save_fee(request: Request, actor: Actor) -> Response:
    """Set what the bank keeps from now on."""
    actor.require("tenants.write")
    tenant = await _tenant(actor, path_id(request))
    form = await bind(request, FeeForm, context={"currency": tenant.currency})
    if not form.is_valid:
        return await _page(request, actor, tenant, await _fee_of(tenant), form, 422)
    actor.require_fresh()
    typed = form.ok
    fee = BankFee(
        basis_points=typed.basis_points, fixed_minor=typed.fixed, cap_minor=typed.cap, rounding=typed.rounding
    )
    async with open_scope(tenant_scope(tenant.id)):
        await keep_terms(actor, fee, tenant_id=tenant.id)
    url = f"/bank/{actor.place['slug']}/fees/{tenant.id}"
    return redirect(request, url, flash=t("Saved. It holds for payments that begin from now on."))


ROUTES: list[BaseRoute] = [
    bank_route("/fees", fees, permission="tenants.read", name="bank_fees"),
    bank_route("/fees/{id}", fee, permission="tenants.read", name="bank_fee"),
    bank_route("/fees/{id}", save_fee, permission="tenants.write", methods=WRITES, name="save_bank_fee"),
]
