"""Balance Settings: when an account's money is paid out; ``manual`` keeps it until somebody makes a payout."""

from deploy.sandbox.store import Doc
from deploy.sandbox.stripe_api.http import PLATFORM, Call, StripeError
from deploy.sandbox.stripe_api.objects import save
from deploy.sandbox.world import World

_INTERVALS = {"daily": None, "manual": None, "weekly": "weekly_payout_days", "monthly": "monthly_payout_days"}
_LOCKED = "sandbox_own_payouts"
"""Metadata of an account that has not handed the control of its payouts to the platform."""


def retrieve(call: Call) -> Doc:
    """The settings of the account that the call is made on."""
    return _shown(_account(call))


def update(call: Call) -> Doc:
    """Set the schedule of payouts."""
    account = _account(call)
    if _LOCKED in account["metadata"]:
        text = "Your platform does not control payouts of this account."
        raise StripeError(text, status=403, code="platform_account_required")
    schedule = ((call.params.get("payments") or {}).get("payouts") or {}).get("schedule") or {}
    interval = str(schedule.get("interval", ""))
    days = _INTERVALS.get(interval, "")
    if days == "" or (days and not schedule.get(days)):
        raise StripeError("This payout schedule is not complete.", param="payments[payouts][schedule]")
    account["payout_schedule"] = {"interval": interval} | ({days: list(schedule[days])} if days else {})
    save(call.world, account)
    return _shown(account)


def is_manual(world: World, key: str) -> bool:
    """Tell whether an account's money waits for somebody to pay it out."""
    account = world.store.get("acct", key) or {}
    return bool(account.get("payout_schedule", {}).get("interval") == "manual")


def _account(call: Call) -> Doc:
    account = call.world.store.get("acct", call.account)
    if call.account == PLATFORM or account is None:
        raise StripeError("Name a connected account.", status=403, code="account_invalid")
    return account


def _shown(account: Doc) -> Doc:
    schedule = account.get("payout_schedule", {"interval": "daily"})
    return {
        "object": "balance_settings",
        "payments": {
            "debit_negative_balances": True,
            "payouts": {"schedule": schedule, "statement_descriptor": None, "status": "enabled"},
            "settlement_timing": {"delay_days": 2},
        },
    }
