"""Another settlement account for an institution: asked and decided by two people of its bank, after a cooling-off."""

import base64
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, Field

from billing.models import FeeItem, SettlementAccount
from billing.payments.settlement import mask, provision_settlement
from tenants.actor import Actor
from tenants.life.kinds import Kind, add_kind
from tenants.models import BankRequest, Tenant
from tenants.onboarding.forms import account_number as checked
from tenants.runtime import runtime
from tenants.scope import open_scope, tenant_scope
from ui.i18n import N_

PURPOSE = "account-change"


class AccountForm(BaseModel):
    """The account that money goes to from then on."""

    bank_code: str = Field(title=N_("Bank code of the settlement account"), max_length=20)
    account_name: str = Field(title=N_("Name on the settlement account"), max_length=200)
    account_number: Annotated[str, AfterValidator(checked)] = Field(
        title=N_("Number of the settlement account")
    )


def _freeze(form: BaseModel) -> dict[str, Any]:
    """Keep the number encrypted; people see its last digits."""
    given = AccountForm.model_validate(form.model_dump())
    secret = runtime().encrypt(PURPOSE, given.account_number)
    return {
        "bank_code": given.bank_code,
        "account_name": given.account_name,
        "account_number": mask(given.account_number),
        "secret": base64.b64encode(secret).decode(),
    }


def _seen(tenant: Tenant) -> dict[str, Any]:
    """Void the change when who represents the institution, or how it is reached, changes meanwhile."""
    return {"legal_representative": tenant.legal_representative, "contact_email": tenant.contact_email}


async def _present(tenant: Tenant) -> dict[str, Any]:
    """Return the account that money goes to now, as far as people see it."""
    async with open_scope(tenant_scope(tenant.id)):
        found = SettlementAccount.filter(tenant_id=tenant.id, currency=tenant.currency, status="active")
        now = await found.order_by("-created_at", "-id").first()
    if now is None:
        return {}
    return {"bank_code": now.bank_code, "account_name": now.account_name, "account_number": now.account_mask}


async def change(actor: Actor, tenant: Tenant, request: BankRequest) -> None:
    """Open the new account and retire those of its currency; what is under way still ends on the old one."""
    number = runtime().decrypt(PURPOSE, base64.b64decode(request.facts["secret"]))
    async with open_scope(tenant_scope(tenant.id)):
        old = await SettlementAccount.filter(tenant_id=tenant.id, currency=tenant.currency, status="active")
        made = await provision_settlement(
            actor,
            tenant,
            bank_code=request.facts["bank_code"],
            account_name=request.facts["account_name"],
            account_number=number,
            currency=tenant.currency,
        )
        ids = [one.id for one in old]
        await SettlementAccount.filter(tenant_id=tenant.id, id__in=ids).update(status="retired")
        named = FeeItem.filter(tenant_id=tenant.id, settlement_account_id__in=ids)
        await named.update(settlement_account_id=made.id)


def register() -> None:
    """Let the bank's people ask for another account; safe to call again."""
    add_kind(
        Kind(
            "account",
            N_("Change the settlement account"),
            N_("The contact is told at once; it counts after the bank's days of cooling off."),
            AccountForm,
            frozenset({"live", "suspended", "approved"}),
            _freeze,
            _seen,
            change,
            has_cooling=True,
            tells_contact=True,
            present=_present,
        )
    )


register()
