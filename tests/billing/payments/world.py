"""An institution whose residents owe money, with its accounts at the sandbox's Stripe and rail."""

import itertools
import json
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import stripe

from billing import ledger
from billing.channels import bank as rail
from billing.ledger import Side
from billing.models import Attempt, Bill, BillLine, FeeItem, Payment, SettlementAccount
from billing.payments import settlement
from billing.payments.orders import as_destination
from billing.payments.service import StartedPayment, start_payment, take_payment
from tenants.actor import Actor, system_actor
from tenants.ids import new_id
from tenants.models import Account, Person, Tenant
from tenants.scope import execute, open_scope, tenant_scope, value
from tests import make
from tests.asking import HTTP
from tests.jobs import run_due

WEBHOOK_SECRET = "whsec_test"
_numbers = itertools.count(1)
RETURN_URL = "http://cloud.test/my/payments/{payment_id}"


@dataclass
class Place:
    tenant: Tenant
    account: Account
    person: Person
    payer: Actor
    settlement: SettlementAccount
    fee: FeeItem

    @property
    def id(self) -> UUID:
        return self.tenant.id

    @property
    def system(self) -> Actor:
        return system_actor(self.tenant.id)

    def scope(self):
        return open_scope(tenant_scope(self.tenant.id))


async def build(bank: make.Bank, *, currency: str = "SGD", is_connected: bool = True) -> Place:
    tenant = await make.tenant(bank, currency=currency)
    account = await make.account(tenant)
    person = await make.person(f"Ann {next(_numbers)}")
    await make.holder(account, person)
    async with open_scope(tenant_scope(tenant.id)):
        own = await settlement.provision_settlement(
            system_actor(tenant.id),
            tenant,
            bank_code="HRBRSGSG",
            account_name=tenant.name,
            account_number="0123 4567 8901",
            currency=currency,
        )
        fee = await FeeItem.create(
            tenant_id=tenant.id,
            scenario="community",
            key="estate",
            names={"en": "Service charge", "zh_CN": "服务费"},
            account_kinds=["unit"],
            currency=currency,
        )
    if is_connected:
        await settlement.connect(system_actor(tenant.id), own.id)
        async with open_scope(tenant_scope(tenant.id)):
            own = await SettlementAccount.get(tenant_id=tenant.id, id=own.id)
    return Place(tenant, account, person, make.payer(person), own, fee)


async def bill(place: Place, *amounts: int, account: Account | None = None, status: str = "issued") -> Bill:
    """An issued bill with one line per amount, booked as a bill run books it."""
    account = account or place.account
    n = next(_numbers)
    period = date(2025, 1, 1) + timedelta(days=31 * (n % 12))
    amounts = amounts or (5000,)
    async with place.scope():
        made = await Bill.create(
            id=new_id(),
            tenant_id=place.id,
            account_id=account.id,
            scenario="community",
            number=f"B{n:06d}",
            period=period.replace(day=1),
            due_on=period.replace(day=1) + timedelta(days=14),
            currency=place.tenant.currency,
            total_minor=sum(amounts),
            account_number=account.number,
            account_name=account.name,
            status=status,
        )
        for position, amount in enumerate(amounts):
            await _line(place, made, position, amount)
        sides = [
            Side(ledger.RECEIVABLE, made.total_minor, made.currency, account.id, made.id),
            Side("income:estate", -made.total_minor, made.currency, account.id, made.id),
        ]
        if status != "draft":
            await ledger.post(place.id, "bill.issued", made.id, sides)
        return made


async def _line(place: Place, made: Bill, position: int, amount: int) -> None:
    item = place.fee
    if position:
        item = await FeeItem.create(
            tenant_id=place.id,
            scenario="community",
            key=f"extra-{new_id().hex[-8:]}",
            names={"en": f"Extra {position}", "zh_CN": f"附加 {position}"},
            account_kinds=["unit"],
            currency=made.currency,
        )
    period = date(2000 + next(_numbers) % 900, 1, 1)
    await BillLine.create(
        tenant_id=place.id,
        bill_id=made.id,
        account_id=made.account_id,
        fee_item_id=item.id,
        period=period,
        currency=made.currency,
        amount_minor=amount,
        names=item.names,
        inputs={},
        position=position,
    )


async def start(
    place: Place,
    *bills: Bill,
    amount: int | None = None,
    channel: str = "stripe",
    key: str = "",
    actor: Actor | None = None,
) -> StartedPayment:
    return await start_payment(
        actor or place.payer,
        tenant_id=place.id,
        bills=[(each.id, amount or each.total_minor) for each in bills],
        channel=channel,
        key=key or new_id().hex,
        return_url=RETURN_URL,
    )


async def attempt(place: Place, started: StartedPayment) -> Attempt:
    async with place.scope():
        return await Attempt.get(tenant_id=place.id, id=started.attempt_id)


async def payment(place: Place, payment_id: UUID) -> Payment:
    async with place.scope():
        return await Payment.get(tenant_id=place.id, id=payment_id)


async def fresh(place: Place, made: Bill) -> Bill:
    async with place.scope():
        return await Bill.get(tenant_id=place.id, id=made.id)


async def ledger_is_right(place: Place) -> bool:
    async with place.scope():
        faults = await ledger.verify_ledger(place.id)
    assert faults == []
    return True


async def count(place: Place, table: str, where: str = "true") -> int:
    async with place.scope():
        found = await value(f"select count(*) from {table} where tenant_id = $1 and {where}", place.id)
    return int(found)


class Outside:
    """The sandbox's control, and its webhooks as they would arrive at our door."""

    def __init__(self, url: str) -> None:
        self.url = url

    def post(self, path: str, **body: Any) -> Any:
        answer = HTTP.post(f"{self.url}/control/{path}", json=body)
        assert answer.is_success, answer.text
        return answer.json()

    def get(self, path: str) -> Any:
        return HTTP.get(f"{self.url}/control/{path}").json()

    def fault(self, surface: str, kind: str, operation: str = "*", **more: Any) -> None:
        self.post("faults", surface=surface, kind=kind, operation=operation, **more)

    def clear(self) -> None:
        HTTP.delete(f"{self.url}/control/faults")

    def advance(self, seconds: float) -> None:
        self.post("clock", advance_seconds=seconds)

    def pay(self, attempt: Attempt) -> None:
        if attempt.channel == "stripe":
            self.post(f"stripe/sessions/{attempt.channel_reference}", act="pay")
        else:
            self.post(f"rail/orders/{attempt.channel_reference}", act="pay")

    def session(self, reference: str, account: str) -> dict[str, Any]:
        """A Checkout Session with its lines, as one account (empty: the platform) sees it."""
        headers = {"Authorization": "Bearer sk_test_123"} | ({"Stripe-Account": account} if account else {})
        address = f"{self.url}/stripe/v1/checkout/sessions/{reference}?expand[]=line_items"
        found: dict[str, Any] = HTTP.get(address, headers=headers).json()
        return found

    def pay_by_reference(self, place: Place, attempt_id: UUID, channel: str) -> None:
        """Pay what we ourselves have no address of."""
        if channel == "stripe":
            headers = {
                "Authorization": "Bearer sk_test_123",
                "Stripe-Account": place.settlement.stripe_account,
            }
            found = HTTP.get(f"{self.url}/stripe/v1/checkout/sessions", headers=headers).json()
            ids = [s["id"] for s in found["data"] if s["client_reference_id"] == str(attempt_id)]
            self.post(f"stripe/sessions/{ids[0]}", act="pay")
            return
        to = as_destination(place.settlement)
        headers = rail.signed_headers("", merchant=to.rail_merchant, secret=to.rail_secret)
        address = f"{self.url}/rail/orders?merchant_order_no={attempt_id}"
        order = HTTP.get(address, headers=headers).json()
        self.post(f"rail/orders/{order['order_id']}", act="pay")

    def click(self, address: str, act: str) -> None:
        """Press a button on a hosted page."""
        answer = HTTP.post(address, data={"act": act})
        assert answer.status_code < 400, answer.text

    def state_of(self, place: Place, attempt: Attempt) -> str:
        """The attempt's state as the channel itself has it."""
        if attempt.channel == "stripe":
            headers = {
                "Authorization": "Bearer sk_test_123",
                "Stripe-Account": place.settlement.stripe_account,
            }
            address = f"{self.url}/stripe/v1/checkout/sessions/{attempt.channel_reference}"
        else:
            to = as_destination(place.settlement)
            headers = rail.signed_headers("", merchant=to.rail_merchant, secret=to.rail_secret)
            address = f"{self.url}/rail/orders/{attempt.channel_reference}"
        return str(HTTP.get(address, headers=headers).json()["status"])

    def refunded(self, place: Place, attempt: Attempt) -> int:
        """Minor units that the channel itself says it has given back."""
        if attempt.channel == "stripe":
            headers = {
                "Authorization": "Bearer sk_test_123",
                "Stripe-Account": place.settlement.stripe_account,
            }
            address = f"{self.url}/stripe/v1/refunds?payment_intent={attempt.channel_payment}"
            found = HTTP.get(address, headers=headers).json()["data"]
            return sum(each["amount"] for each in found if each["status"] != "failed")
        to = as_destination(place.settlement)
        headers = rail.signed_headers("", merchant=to.rail_merchant, secret=to.rail_secret)
        address = f"{self.url}/rail/orders/{attempt.channel_reference}"
        return int(HTTP.get(address, headers=headers).json()["refunded_minor"])

    def events(self, account: str, *kinds: str) -> list[dict[str, Any]]:
        """Stripe's events of one connected account, oldest first."""
        answer = HTTP.get(
            f"{self.url}/stripe/v1/events?limit=100",
            headers={"Authorization": "Bearer sk_test_123", "Stripe-Account": account},
        ).json()
        found = list(reversed(answer["data"]))
        return [event for event in found if not kinds or event["type"] in kinds]


def stripe_message(
    event: dict[str, Any], *, secret: str = WEBHOOK_SECRET, at: int | None = None
) -> dict[str, Any]:
    body = json.dumps(event)
    sign = stripe.WebhookSignature.generate_signature_header
    return {
        "url": "/webhooks/stripe",
        "content": body,
        "headers": {"Stripe-Signature": sign(body, secret, at), "Content-Type": "application/json"},
    }


def rail_message(
    place: Place, kind: str, data: dict[str, Any], *, event_id: str = "", secret: str = ""
) -> dict[str, Any]:
    to = as_destination(place.settlement)
    event = {
        "event_id": event_id or f"rev_{new_id().hex}",
        "event_type": kind,
        "created_at": "2026-01-01T00:00:00+00:00",
        "data": data,
    }
    body = json.dumps(event)
    headers = rail.signed_headers(body, merchant=to.rail_merchant, secret=secret or to.rail_secret)
    return {
        "url": f"/webhooks/bank/{place.id}/{place.settlement.id}",
        "content": body,
        "headers": headers | {"Content-Type": "application/json"},
    }


async def take(
    place: Place, cashier: Actor, *wanted: tuple[Bill, int], method: str = "cash", **more: Any
) -> UUID:
    """Money over the counter."""
    return await take_payment(
        cashier,
        bills=[(each.id, amount) for each, amount in wanted],
        method=method,
        key=more.pop("key", new_id().hex),
        **more,
    )


async def hurry(place: Place, job: str = "%") -> int:
    """Make waiting jobs due now and run them, and those they leave due; return how many ran."""
    async with place.scope():
        await execute(
            "update tenants_outbox set due_at = now(), tries = 0 where tenant_id = $1 and job like $2"
            " and done_at is null and failed_at is null",
            place.id,
            job,
        )
    return await run_due(place.id)


async def age(place: Place, attempt_id: UUID, **by: float) -> None:
    """Move an attempt into the past, as if it had been made so long ago."""
    async with place.scope():
        await execute(
            "update billing_attempt set created_at = created_at - $3::interval, sent_at = sent_at - $3::interval,"
            " asked_at = null, expires_at = expires_at - $3::interval where tenant_id = $1 and id = $2",
            place.id,
            attempt_id,
            timedelta(**by),
        )


async def wait_since_sending(place: Place, attempt_id: UUID, seconds: float) -> None:
    """As if the attempt had been sent so long ago."""
    async with place.scope():
        await execute(
            "update billing_attempt set sent_at = sent_at - $3::interval, asked_at = null"
            " where tenant_id = $1 and id = $2",
            place.id,
            attempt_id,
            timedelta(seconds=seconds),
        )


def long_ago() -> datetime:
    return datetime.now(UTC) - timedelta(hours=1)
