"""Deposits for access cards and fitting out: asked for, held as stored money, given back less what is kept."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from billing.lists import Listing
from billing.models import WalletTopUp
from billing.plans.items import SINGLE, item_named
from billing.wallets.kinds import WalletKind, register_wallet
from billing.wallets.paying_out import pay_out
from billing.wallets.service import open_wallet, spend
from billing.wallets.topping_up import top_up
from scenarios.community.common import nothing, refused, tenant_of
from scenarios.community.kinds import SCENARIO_KEY
from scenarios.community.leaving.models import UnitDeposit
from tenants import audit
from tenants.accounts import queries
from tenants.actor import Actor
from tenants.ids import new_id
from tenants.models import Tenant
from tenants.scope import rows
from ui.errors import Conflict
from ui.i18n import N_, Text, t
from ui.shell import Tone

PAY_WITHIN = timedelta(days=14)
KINDS = {"access_card": N_("Access card"), "fit_out": N_("Fitting out")}
_NAMES = {
    "access_card": {"en": "Deposit for access cards", "zh_CN": "门禁卡押金"},
    "fit_out": {"en": "Deposit for fitting out", "zh_CN": "装修押金"},
}
for _key, _names in _NAMES.items():
    register_wallet(WalletKind(_key, _names, SCENARIO_KEY, is_topped_up_online=False))
STATES: dict[str, Text] = {
    "asked": t("To be paid"),
    "held": t("Held"),
    "returned": t("Given back"),
    "lapsed": t("Not paid in time"),
}
TONES: dict[str, Tone] = {"asked": "info", "held": "success", "returned": "neutral", "lapsed": "warning"}
_STATE = """case when d.returned_at is not null then 'returned' when u.status = 'paid' then 'held'
       when u.status = 'asked' then 'asked' else 'lapsed' end"""
DEPOSITS = Listing(
    name="deposits",
    filters=("state", "kind"),
    sorts={"unit": "a.sort_key", "amount_minor": "d.amount_minor", "created_at": "d.created_at"},
    default_sort="-created_at",
    sql=f"""
select d.id, d.account_id, d.kind, d.label, d.amount_minor, d.currency, d.kept_minor, d.kept_reason, d.created_at,
       d.returned_at, d.asked_by_name, d.returned_by_name, d.wallet_id, a.number unit, u.bill_id, {_STATE} status
  from community_deposit d
  join billing_wallet_top_up u on u.tenant_id = d.tenant_id and u.id = d.top_up_id
  join tenants_account a on a.tenant_id = d.tenant_id and a.id = d.account_id
 where d.tenant_id = $1 and ($2 = '' or a.number ilike $2 or d.label ilike $2) and ($3 = '' or {_STATE} = $3)
   and ($4 = '' or d.kind = $4)""",
)


@dataclass(frozen=True, slots=True)
class DepositTerms:
    """For what a deposit is asked, and how much."""

    kind: str
    amount_minor: int
    label: str = ""


async def of_account(tenant_id: UUID, account_id: UUID) -> list[dict[str, Any]]:
    """Return an account's deposits with how they stand, the latest first, in the institution's scope."""
    found = await rows(
        f"{DEPOSITS.sql} and d.account_id = $5 order by d.created_at desc", tenant_id, "", "", "", account_id
    )
    return [dict(one) for one in found]


async def one_of(tenant_id: UUID, deposit_id: UUID) -> dict[str, Any]:
    """Return one deposit with how it stands; ``NotFound`` when there is none."""
    found = await rows(f"{DEPOSITS.sql} and d.id = $5", tenant_id, "", "", "", deposit_id)
    if not found:
        raise nothing()
    return dict(found[0])


async def ask(actor: Actor, account_id: UUID, terms: DepositTerms, *, key: str) -> UnitDeposit:
    """Ask an account for a deposit; its bill is paid whole within two weeks, or lapses. Once for each ``key``.

    Raises:
        Invalid: it is for nothing that we know, or no amount (field).
    """
    actor.require("facilities.write")
    account = await queries.account(actor, account_id)
    if terms.kind not in KINDS:
        raise refused("deposit.kind", "kind", t("Choose what the deposit is for."))
    if terms.amount_minor <= 0:
        raise refused("deposit.amount", "amount_minor", t("Enter an amount above zero."))
    wallet = await open_wallet(account.tenant_id, account.id, terms.kind)
    asked = await top_up(
        actor, wallet_id=wallet.id, amount_minor=terms.amount_minor, key=f"deposit-{key}", lasts=PAY_WITHIN
    )
    there = await UnitDeposit.get_or_none(tenant_id=account.tenant_id, top_up_id=asked.id)
    if there is not None:
        return there
    made = await UnitDeposit.create(
        id=new_id(),
        tenant_id=account.tenant_id,
        account_id=account.id,
        kind=terms.kind,
        label=terms.label.strip(),
        amount_minor=terms.amount_minor,
        currency=wallet.currency,
        wallet_id=wallet.id,
        top_up_id=asked.id,
        asked_by_name=actor.name[:100],
    )
    await _record(actor, "deposit.asked", made, f"{account.number}, {made.label}".strip(", "))
    return made


async def give_back(actor: Actor, deposit_id: UUID, *, kept_minor: int, reason: str) -> UnitDeposit:
    """Give a deposit back to where it came from, less what is kept with a reason that the resident sees.

    Raises:
        Invalid: more than the deposit would be kept, or something without a reason (field).
        Conflict: it is not held: not paid, or given back already.
        StepUp: the sign-in is not fresh and strong.
    """
    actor.require("facilities.write")
    actor.require_fresh()
    one = await UnitDeposit.select_for_update().get_or_none(tenant_id=tenant_of(actor), id=deposit_id)
    if one is None:
        raise nothing()
    paid = await WalletTopUp.get(tenant_id=one.tenant_id, id=one.top_up_id)
    if one.returned_at is not None or paid.status != "paid":
        raise Conflict("deposit.not_held", t("This deposit is not held: it was not paid, or was given back."))
    if not 0 <= kept_minor <= one.amount_minor:
        raise refused("deposit.kept", "kept_minor", t("Keep no more than the deposit."))
    if kept_minor and not reason.strip():
        raise refused("deposit.reason", "reason", t("Say what is kept for; the resident sees it."))
    one.kept_minor, one.kept_reason = kept_minor, reason.strip()[:200]
    one.returned_at, one.returned_by_name = datetime.now(UTC), actor.name[:100]
    await one.save(update_fields=["kept_minor", "kept_reason", "returned_at", "returned_by_name"])
    await _move(actor, one)
    await _record(actor, "deposit.returned", one, one.label or one.kind)
    return one


async def _move(actor: Actor, one: UnitDeposit) -> None:
    """Book what is kept as income, and send the rest back."""
    if one.kept_minor:
        item = await item_named(await Tenant.get(id=one.tenant_id), SINGLE)
        await spend(
            actor,
            wallet_id=one.wallet_id,
            amount_minor=one.kept_minor,
            fee_item_id=item.id,
            source_kind="community.deposit",
            source_id=one.id,
            note=one.kept_reason,
        )
    back = one.amount_minor - one.kept_minor
    if back:
        await pay_out(
            actor,
            wallet_id=one.wallet_id,
            amount_minor=back,
            reason=one.label or _NAMES[one.kind]["en"],
            key=f"deposit-{one.id}",
            is_policy=True,
        )


async def _record(actor: Actor, act: str, one: UnitDeposit, label: str) -> None:
    await audit.record(
        actor,
        act,
        subject_kind="account",
        subject_id=one.account_id,
        subject_label=label,
        after={
            "amount_minor": one.amount_minor,
            "returned_minor": one.amount_minor - one.kept_minor if one.returned_at else 0,
            "reason": one.kept_reason,
        },
    )
