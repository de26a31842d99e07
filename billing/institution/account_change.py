"""Settlement accounts of an institution: one replaced or one more, asked for and decided by two people of its bank.

What is under way on an account that is replaced still ends there. One more is for fees that are paid to an account of
their own: a canteen's, a repair fund's.
"""

import base64
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, Field

from billing.models import FeeItem, SettlementAccount
from billing.payments.settlement import mask, provision_settlement
from tenants.actor import Actor
from tenants.life.kinds import Facts, Kind, add_kind
from tenants.models import BankRequest, Tenant
from tenants.onboarding.forms import account_number as checked
from tenants.runtime import runtime
from tenants.scope import open_scope, tenant_scope
from ui.i18n import N_, Text

PURPOSE = "account-change"
_STATUSES = frozenset({"live", "suspended", "approved"})


class AccountForm(BaseModel):
    """An account that money goes to from then on."""

    bank_code: str = Field(title=N_("Bank code of the settlement account"), max_length=20)
    account_name: str = Field(title=N_("Name on the settlement account"), max_length=200)
    account_number: Annotated[str, AfterValidator(checked)] = Field(
        title=N_("Number of the settlement account")
    )


class ReplacementForm(AccountForm):
    """The account that money goes to instead of another."""

    replaces: str = Field("", title=N_("Account that it replaces"))


def _freeze(form: BaseModel) -> dict[str, Any]:
    """Keep the number encrypted; people see its last digits."""
    given = ReplacementForm.model_validate(form.model_dump())
    secret = runtime().encrypt(PURPOSE, given.account_number)
    return {
        "bank_code": given.bank_code,
        "account_name": given.account_name,
        "account_number": mask(given.account_number),
        "secret": base64.b64encode(secret).decode(),
        "replaces": given.replaces,
    }


def _seen(tenant: Tenant) -> dict[str, Any]:
    """Void the change when who represents the institution, or how it is reached, changes meanwhile."""
    return {"legal_representative": tenant.legal_representative, "contact_email": tenant.contact_email}


async def _active(tenant: Tenant) -> list[SettlementAccount]:
    """Return the accounts that money goes to now, the one that is meant where a fee names none first."""
    async with open_scope(tenant_scope(tenant.id)):
        found = SettlementAccount.filter(tenant_id=tenant.id, currency=tenant.currency, status="active")
        return await found.order_by("created_at", "id")


async def _choose(tenant: Tenant) -> Mapping[str, Sequence[tuple[str, Text | str]]]:
    return {"replaces": [(str(one.id), one.text) for one in await _active(tenant)]}


async def _present(tenant: Tenant, facts: Facts) -> Facts:
    """Return the account that is replaced, as far as people see it."""
    for one in await _active(tenant):
        if str(one.id) == facts["replaces"]:
            return {
                "bank_code": one.bank_code,
                "account_name": one.account_name,
                "account_number": one.account_mask,
            }
    return {}


async def change(actor: Actor, tenant: Tenant, request: BankRequest) -> None:
    """Open the new account in the place of the one that it replaces, whose fees are paid to it from then on."""
    old = [one for one in await _active(tenant) if str(one.id) == request.facts["replaces"]]
    made = await add(actor, tenant, request)
    async with open_scope(tenant_scope(tenant.id)):
        for one in old:
            made.created_at, one.status = one.created_at, "retired"
            await one.save(update_fields=["status"])
            await made.save(update_fields=["created_at"])
            named = FeeItem.filter(tenant_id=tenant.id, settlement_account_id=one.id)
            await named.update(settlement_account_id=made.id)


async def add(actor: Actor, tenant: Tenant, request: BankRequest) -> SettlementAccount:
    """Open one more account, to which fees can be paid once the institution says which."""
    number = runtime().decrypt(PURPOSE, base64.b64decode(request.facts["secret"]))
    async with open_scope(tenant_scope(tenant.id)):
        return await provision_settlement(
            actor,
            tenant,
            bank_code=request.facts["bank_code"],
            account_name=request.facts["account_name"],
            account_number=number,
            currency=tenant.currency,
        )


async def _add(actor: Actor, tenant: Tenant, request: BankRequest) -> None:
    await add(actor, tenant, request)


def register() -> None:
    """Let the bank's people ask for accounts; safe to call again."""
    add_kind(
        Kind(
            "account",
            N_("Change the settlement account"),
            N_("The contact is told at once; it counts after the bank's days of cooling off."),
            ReplacementForm,
            _STATUSES,
            _freeze,
            _seen,
            change,
            has_cooling=True,
            tells_contact=True,
            present=_present,
            choose=_choose,
        )
    )
    add_kind(
        Kind(
            "another_account",
            N_("Add a settlement account"),
            N_(
                "For fees that are paid to an account of their own. The contact is told at once; it counts after the"
                " bank's days of cooling off, and the institution then says which fees are paid to it."
            ),
            AccountForm,
            _STATUSES,
            _freeze,
            _seen,
            _add,
            has_cooling=True,
            tells_contact=True,
        )
    )


register()
