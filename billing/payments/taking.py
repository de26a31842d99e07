"""Money taken at the desk: recorded, allocated, booked and receipted in one transaction."""

from datetime import UTC, datetime
from uuid import UUID

from billing.bank_terms.reading import must_offer
from billing.channels import counter
from billing.channels.contract import Outcome
from billing.idempotency import Answer, once
from billing.models import Attempt, Payment
from billing.payments.allocating import Parts
from billing.payments.choosing import Chosen, Wanted, choose, must_see, parts_of
from billing.payments.holding import Want, when_free
from billing.payments.numbers import new_number
from billing.payments.orders import request_of
from billing.payments.settling import settle
from billing.payments.starting import hold, must_be_outside
from tenants.actor import Actor
from tenants.ids import new_id
from tenants.scope import open_scope, tenant_scope
from ui.errors import Invalid
from ui.i18n import t

REFERENCE_MAX = 100


async def take_payment(
    actor: Actor,
    *,
    bills: Wanted,
    method: str,
    key: str,
    reference: str = "",
    tendered_minor: int | None = None,
    payer_name: str = "",
) -> UUID:
    """Record money that the cashier has received for bills, and return the payment's id; it has a receipt at once.

    ``tendered_minor`` is the cash handed over; the difference is the change. Whoever is just paying one of the
    bills online is stopped at their channel first, so call this outside of any scope.

    Raises:
        Invalid: the method, its reference, the cash or the amounts are not right.
        Conflict: the desk is switched off, a bill is paid or closed, or an online payment cannot be stopped any more.
    """
    must_be_outside()
    actor.require("payments.take")
    parts, reference = parts_of(bills), reference.strip()
    check_taking(method, reference, tendered_minor, sum(parts.values()))
    assert actor.tenant_id is not None  # noqa: S101 - staff act inside their tenant
    tenant_id = actor.tenant_id
    await must_see(actor, tenant_id, parts)
    facts = {
        "method": method,
        "reference": reference,
        "tendered_minor": tendered_minor,
        "payer_name": payer_name,
    }
    body = {"bills": sorted([str(bill), amount] for bill, amount in parts.items()), **facts}

    async def do() -> Answer:
        payment = await _record(actor, parts, method, reference, tendered_minor, payer_name)
        return {"payment_id": str(payment)}

    async def commit() -> UUID:
        async with open_scope(tenant_scope(tenant_id)):
            answer = await once(actor, key=key, act="payment.take", body=body, do=do)
        return UUID(answer["payment_id"])

    return await when_free(actor, Want(parts, counter.KEY), commit)


def check_taking(method: str, reference: str, tendered_minor: int | None, amount: int) -> None:
    """Refuse what a cashier cannot have taken.

    Raises:
        Invalid: no such method, its number is missing, or less cash than the amount.
    """
    if method not in counter.METHODS:
        text = t("Choose how the money was paid.")
        raise Invalid("payment.method", text, fields={"method": text})
    if (method in counter.REFERENCED and not reference) or len(reference) > REFERENCE_MAX:
        text = t(
            "Enter the number on the slip, cheque or transfer (at most {n} characters).", n=REFERENCE_MAX
        )
        raise Invalid("payment.reference", text, fields={"reference": text})
    if method == counter.CASH and tendered_minor is not None and tendered_minor < amount:
        text = t("This is less than the amount to be paid.")
        raise Invalid("payment.tendered", text, fields={"tendered": text})


async def _record(  # noqa: PLR0917 - one value of each thing that was typed
    actor: Actor, parts: Parts, method: str, reference: str, tendered_minor: int | None, payer_name: str
) -> UUID:
    assert actor.tenant_id is not None  # noqa: S101 - staff act inside their tenant
    await must_offer(actor.tenant_id, counter.KEY)
    chosen = await choose(actor.tenant_id, parts, is_paying=True)
    payment = await desk_payment(actor, chosen, method, reference, tendered_minor, payer_name)
    await payment.save(force_create=True)
    await hold(payment, parts)
    attempt = await desk_attempt(payment, chosen)
    await settle(
        actor,
        attempt.id,
        Outcome(state="succeeded", amount_minor=payment.amount_minor, currency=payment.currency),
    )
    return payment.id


async def desk_payment(  # noqa: PLR0917 - one value of each thing that was typed
    actor: Actor, chosen: Chosen, method: str, reference: str, tendered_minor: int | None, payer_name: str
) -> Payment:
    """Return money taken at the desk, to be saved."""
    return Payment(
        id=new_id(),
        tenant_id=actor.tenant_id,
        number=await new_number("P", actor.tenant_id, chosen.zone),
        currency=chosen.currency,
        amount_minor=chosen.amount_minor,
        channel=counter.KEY,
        settlement_account_id=chosen.settlement_id,
        payer_name=payer_name.strip()[:100],
        taken_by=actor.person_id,
        taken_by_name=actor.name[:100],
        counter_method=method,
        counter_reference=reference,
        tendered_minor=tendered_minor if method == counter.CASH else None,
        status="created",
    )


async def desk_attempt(payment: Payment, chosen: Chosen) -> Attempt:
    """Write the one try that money in hand needs."""
    nowhere = request_of(items=list(chosen.items), return_url="", cancel_url="", locale="", payer_email="")
    return await Attempt.create(
        id=new_id(),
        tenant_id=payment.tenant_id,
        payment_id=payment.id,
        channel=payment.channel,
        currency=payment.currency,
        amount_minor=payment.amount_minor,
        status="created",
        expires_at=datetime.now(UTC),
        request=nowhere,
    )


def change_minor(payment: Payment) -> int:
    """Return the change due on a cash payment, in minor units."""
    tendered, amount = int(payment.tendered_minor or 0), int(payment.amount_minor)
    return max(0, tendered - amount)
