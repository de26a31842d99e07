"""The money forms of one institution: where each is, who sends it, and what would be taken."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from billing.disputes.news import News
from billing.disputes.settling import take_news
from billing.models import Attempt, Suspense
from billing.splits import receivers
from billing.wallets.service import open_wallet
from tenants.ids import new_id
from tests import make
from tests.billing.payments import world

DUE = make.today() + timedelta(days=20)


@dataclass(frozen=True, slots=True)
class Form:
    """A form by its address, who sends it, and a body that would be taken."""

    role: str
    path: str
    body: dict[str, Any]


async def town(bank) -> Any:
    """An institution with one of everything that a form is about."""
    made: Any = await world.build(bank)
    made.root = f"/t/{made.tenant.slug}"
    made.staff = {
        role: await make.staff(made.tenant, role) for role in ("finance", "administrator", "cashier")
    }
    made.owed, made.spread, paid = [await world.bill(made, amount) for amount in (5000, 700, 900)]
    made.payment_id = await world.take(made, made.staff["cashier"], (paid, 900))
    made.open_id = await world.take(made, made.staff["cashier"], (made.spread, 200))
    async with made.scope():
        made.wallet = await open_wallet(made.id, made.account.id, "deposit")
        made.held = await Suspense.create(
            tenant_id=made.id, payment_id=made.payment_id, currency="SGD", amount_minor=100, reason="late"
        )
        made.receiver = await receivers.add(
            made.staff["finance"], name="Baker", kind="merchant", rail_merchant="mch_1"
        )
        attempt = await Attempt.get(tenant_id=made.id, payment_id=made.open_id)
        made.dispute = await take_news(made.staff["finance"], attempt.id, lost(attempt))
    return made


def lost(attempt: Attempt) -> News:
    """A dispute of all of it, lost."""
    return News(
        reference="dp_1",
        payment=str(attempt.id),
        amount_minor=attempt.amount_minor,
        currency="SGD",
        state="lost",
        is_withdrawn=True,
    )


def forms(at: Any) -> dict[str, Form]:
    """Every form with a body that is right."""
    made: dict[str, Form] = {}
    for some in (_charging, _agreeing, _desk, _money_back, _shared, _paying, _payer):
        made |= some(at)
    return made


def _why() -> dict[str, str]:
    return {"reason": "Because", "key": new_id().hex}


def _charging(at: Any) -> dict[str, Form]:
    """What is charged: fees, runs, single bills, and taking them back."""
    staff = at.root
    of = f"{staff}/accounts/{at.account.id}"
    bill = at.owed.id
    return {
        "fee": Form(
            "administrator",
            f"{staff}/fees",
            {
                "name_en": "Pool",
                "name_zh": "泳池",
                "scenario": "community",
                "kind": "charge",
                "account_kinds": "unit",
            },
        ),
        "run": Form(
            "finance",
            f"{staff}/runs",
            {
                "scenario": "community",
                "period": "2026-03",
                "due_on": DUE.isoformat(),
                "items": str(at.fee.id),
            },
        ),
        "single bill": Form(
            "finance",
            f"{of}/bills",
            {
                "due_on": DUE.isoformat(),
                "reference": "R1",
                "lines-0-fee": str(at.fee.id),
                "lines-0-name": "Key",
                "lines-0-amount_minor": "12.00",
                "key": new_id().hex,
            },
        ),
        "credit note": Form(
            "finance", f"{staff}/bills/{bill}/credit-notes", {"amount_minor": "10.00", **_why()}
        ),
        "voiding": Form("finance", f"{staff}/bills/{bill}/voiding", {"reason": "Wrong"}),
    }


def _agreeing(at: Any) -> dict[str, Form]:
    """What is agreed about bills."""
    staff = at.root
    of = f"{staff}/accounts/{at.account.id}"
    bill = at.owed.id
    return {
        "plan": Form(
            "finance",
            f"{of}/plans",
            {
                "bills": str(bill),
                "first_on": DUE.isoformat(),
                "count": "3",
                "step": "month",
                "remainder": "last",
                "note": "As agreed",
            },
        ),
        "adjustment": Form(
            "finance", f"{staff}/bills/{bill}/adjustments", {"kind": "discount", "amount": "5.00", **_why()}
        ),
        "standing": Form(
            "finance",
            f"{of}/standing-adjustments",
            {"kind": "discount", "percent": "10", "effective_from": DUE.isoformat(), **_why()},
        ),
    }


def _desk(at: Any) -> dict[str, Form]:
    """What the cashier takes."""
    staff = at.root
    bill = at.owed.id
    return {
        "desk": Form(
            "cashier",
            f"{staff}/desk/accounts/{at.account.id}/payments",
            {
                f"amount-{bill}": "50.00",
                "method": "cash",
                "tendered": "60.00",
                "payer_name": "Ann",
                "key": new_id().hex,
            },
        ),
        "desk ahead": Form(
            "cashier",
            f"{staff}/desk/accounts/{at.account.id}/prepayments",
            {"amount": "50.00", "method": "cash", "payer_name": "Ann", "key": new_id().hex},
        ),
        "day close": Form(
            "cashier",
            f"{staff}/desk/closes",
            {
                "counted-cash": "11.00",
                "counted-card": "0",
                "counted-cheque": "0",
                "counted-transfer": "0",
                "note": "Counted",
            },
        ),
    }


def _money_back(at: Any) -> dict[str, Form]:
    """What goes back or finds its place."""
    staff = at.root
    bill = at.owed.id
    return {
        "refund": Form(
            "finance",
            f"{staff}/payments/{at.payment_id}/refunds",
            {"amount": "8.00", "seen": "800", **_why()},
        ),
        "suspense": Form(
            "finance",
            f"{staff}/suspense/{at.held.id}/application",
            {"bill": str(bill), "q": at.owed.number, **_why()},
        ),
        "suspense refund": Form("finance", f"{staff}/suspense/{at.held.id}/refund", _why()),
        "dispute": Form(
            "finance", f"{staff}/disputes/{at.dispute.id}/decision", {"decision": "borne", "reason": "Ours"}
        ),
    }


def _shared(at: Any) -> dict[str, Form]:
    """Stored money, splits and months."""
    staff = at.root
    return {
        "wallet taking": Form(
            "cashier",
            f"{staff}/wallets/{at.wallet.id}/top-ups",
            {"amount": "20.00", "method": "cash", "payer_name": "Ann", "key": new_id().hex},
        ),
        "wallet payout": Form(
            "finance", f"{staff}/wallets/{at.wallet.id}/payouts", {"amount": "1.00", **_why()}
        ),
        "receiver": Form(
            "finance",
            f"{staff}/splits/receivers",
            {"name": "Grocer", "kind": "merchant", "rail_merchant": "mch_2"},
        ),
        "split rule": Form(
            "finance",
            f"{staff}/splits/rules",
            {
                "fee": str(at.fee.id),
                "parts-0-receiver": str(at.receiver.id),
                "parts-0-how": "percent",
                "parts-0-value": "30",
            },
        ),
        "period": Form("finance", f"{staff}/ledger/periods", {"month": "2026-01"}),
    }


def _paying(at: Any) -> dict[str, Form]:
    """What a payer does about a bill."""
    bill = at.owed.id
    return {
        "pay": Form(
            "payer",
            "/my/payments",
            {"bill": str(bill), f"amount-{bill}": "50.00", "channel": "stripe", "key": new_id().hex},
        ),
        "promise": Form("payer", f"/my/bills/{bill}/promises", {"day": DUE.isoformat()}),
        "objection": Form("payer", f"/my/bills/{bill}/disputes", {"topic": "amount", "text": "Too much"}),
        "autopay": Form(
            "payer",
            f"/my/accounts/{at.account.id}/autopay",
            {"way": "bank", "ceiling": "100.00", "schedule": "bill", "day": "1"},
        ),
    }


def _payer(at: Any) -> dict[str, Form]:
    """What a payer does about an account."""
    return {
        "helper": Form(
            "payer",
            f"/my/accounts/{at.account.id}/helpers",
            {"name": "Aunt", "bill_cap": "50.00", "month_cap": "80.00", "until": DUE.isoformat()},
        ),
        "ahead": Form(
            "payer",
            f"/my/accounts/{at.account.id}/prepayments",
            {"amount": "50.00", "channel": "stripe", "key": new_id().hex},
        ),
        "top-up": Form(
            "payer", f"/my/wallets/{at.wallet.id}/top-ups", {"amount": "50.00", "key": new_id().hex}
        ),
    }
