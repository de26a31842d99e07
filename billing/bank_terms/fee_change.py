"""A fee agreed with one institution: asked and decided by two people of its bank, as everything that costs it money."""

from typing import Annotated, Any, cast

from pydantic import BaseModel, Field

from billing.routing.sentences import fee_sentence
from billing.routing.terms import BankFee, Rounding
from billing.terms import drop_terms, keep_terms
from tenants.actor import Actor
from tenants.life.kinds import Kind, add_kind
from tenants.models import BankRequest, Tenant
from tenants.scope import open_scope, tenant_scope
from ui.fields import MinorAmount
from ui.i18n import N_, gettext, t

KEY = "bank_fee"
Money = Annotated[int, MinorAmount(allow_zero=True)]
ROUNDINGS = (
    ("half_up", t("To the nearest, half up")),
    ("half_even", t("To the nearest, half to even")),
    ("up", t("Always up")),
    ("down", t("Always down")),
)


class FeeForm(BaseModel):
    """The fee as it is typed, in the institution's currency."""

    is_default: bool = Field(False, title=N_("Follow the bank's own fee again"))
    basis_points: int = Field(0, title=N_("Share in basis points"), ge=0, le=1000)
    fixed: Money = Field(0, title=N_("Fixed amount for each payment"))
    cap: Money | None = Field(None, title=N_("Cap of the fee"))
    rounding: Rounding = Field("half_up", title=N_("Rounded"))


def _freeze(form: BaseModel) -> dict[str, Any]:
    given = cast("FeeForm", form)
    if given.is_default:
        return {"is_default": True}
    fee = BankFee(
        basis_points=given.basis_points, fixed_minor=given.fixed, cap_minor=given.cap, rounding=given.rounding
    )
    return {"is_default": False, "fee": fee.model_dump(mode="json")}


def _seen(tenant: Tenant) -> dict[str, Any]:
    """Void the change when the institution charges in another currency meanwhile: amounts would mean another thing."""
    return {"currency": tenant.currency}


def _told(tenant: Tenant, facts: dict[str, Any]) -> list[tuple[str, str]]:
    if facts["is_default"]:
        return [(gettext("Channel fee"), gettext("Follow the bank's own fee again"))]
    return [
        (gettext("Channel fee"), str(fee_sentence(BankFee.model_validate(facts["fee"]), tenant.currency)))
    ]


async def change(actor: Actor, tenant: Tenant, request: BankRequest) -> None:
    """Keep the fee for payments that begin from now on, or follow the bank's own again."""
    async with open_scope(tenant_scope(tenant.id)):
        if request.facts["is_default"]:
            await drop_terms(actor, BankFee, tenant_id=tenant.id)
        else:
            await keep_terms(actor, BankFee.model_validate(request.facts["fee"]), tenant_id=tenant.id)


def register() -> None:
    """Let the bank's people ask for another fee; safe to call again."""
    add_kind(
        Kind(
            KEY,
            N_("Agree on another fee"),
            N_(
                "It holds for payments that begin once somebody else has agreed, instead of the bank's own fee."
            ),
            FeeForm,
            frozenset({"approved", "live", "suspended"}),
            _freeze,
            _seen,
            change,
            options={"rounding": ROUNDINGS},
            told=_told,
        )
    )


register()
