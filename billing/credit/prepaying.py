"""Paying ahead: money for an account rather than for bills, online or at the desk, within the institution's limits."""

from datetime import UTC, datetime
from uuid import UUID

from billing.bank_terms.reading import must_offer
from billing.channels import counter
from billing.channels.contract import Item, Outcome
from billing.credit.terms import CreditTerms
from billing.idempotency import Answer, once
from billing.models import Attempt, SettlementAccount
from billing.names import account_text
from billing.payments.amounts import Amount
from billing.payments.choosing import Chosen, way_for
from billing.payments.settling import settle
from billing.payments.starting import (
    StartedPayment,
    begin_asking,
    must_be_outside,
    new_attempt,
    new_payment,
    send,
)
from billing.payments.taking import check_taking, desk_attempt, desk_payment
from billing.terms import terms_of
from billing.trial.opening import must_be_taking
from tenants.actor import Actor
from tenants.models import Account
from tenants.scope import open_scope, rows, tenant_scope
from ui.errors import Conflict, Invalid, NotFound
from ui.i18n import t

_HELD = """
select 1 from tenants_holder h
 where h.tenant_id = $1 and h.account_id = $2 and h.person_id = $3 and h.confirmed_at is not null
   and covers(h.since, h.until, day_of(h.tenant_id))
"""


async def must_hold(actor: Actor, tenant_id: UUID, account_id: UUID) -> None:
    """Prove in the actor's own scope that they hold the account today.

    Raises:
        NotFound: they do not, or there is no such account; the two are never told apart.
    """
    async with open_scope(actor.scope()):
        if not await rows(_HELD, tenant_id, account_id, actor.person_id):
            raise NotFound("account.not_found", t("There is no such account, or it is not yours to see."))


async def start_prepayment(
    actor: Actor,
    *,
    tenant_id: UUID,
    account_id: UUID,
    amount_minor: int,
    channel: str,
    key: str,
    return_url: str,
) -> StartedPayment:
    """Begin to pay ahead for an account that the payer holds; ``{payment_id}`` in the address becomes its id.

    Commits before it calls the channel, so call it outside of any scope. Any number may be under way: each is
    money of its own.

    Raises:
        NotFound: the account is not the actor's.
        Invalid: the amount is outside the institution's limits, or the channel is not offered.
        Conflict: the institution takes no payments now, or the channel refuses.
    """
    must_be_outside()
    await must_hold(actor, tenant_id, account_id)
    inside = actor.within(tenant_id)
    body = {"account": str(account_id), "amount": amount_minor, "channel": channel}

    async def do() -> Answer:
        chosen = await _chosen(tenant_id, account_id, amount_minor)
        account = await SettlementAccount.get(tenant_id=tenant_id, id=chosen.settlement_id)
        method, way = await way_for(channel, chosen, account)
        until = datetime.now(UTC) + way.capabilities.lifetime
        payment = await new_payment(inside, chosen, method.channel, until)
        payment.method = method.key
        payment.account_id = account_id
        await payment.save(force_create=True)
        attempt = await new_attempt(inside, payment, chosen, (return_url, return_url))
        await begin_asking(attempt)
        return {"attempt_id": str(attempt.id)}

    async with open_scope(tenant_scope(tenant_id)):
        answer = await once(inside, key=key, act="prepayment.start", body=body, do=do)
    return await send(inside, UUID(answer["attempt_id"]))


async def take_prepayment(
    actor: Actor,
    *,
    account_id: UUID,
    amount_minor: int,
    method: str,
    key: str,
    reference: str = "",
    tendered_minor: int | None = None,
    payer_name: str = "",
) -> UUID:
    """Record money that the cashier has received ahead for an account, in the open tenant scope; return its payment.

    Raises:
        Invalid: the method, its reference, the cash or the amount are not right.
        NotFound: there is no such account.
    """
    actor.require("payments.take")
    reference = reference.strip()
    check_taking(method, reference, tendered_minor, amount_minor)
    assert actor.tenant_id is not None  # noqa: S101 - staff act inside their tenant
    tenant_id = actor.tenant_id
    facts = {"method": method, "reference": reference, "tendered": tendered_minor, "payer_name": payer_name}

    async def do() -> Answer:
        await must_offer(tenant_id, counter.KEY)
        chosen = await _chosen(tenant_id, account_id, amount_minor)
        payment = await desk_payment(actor, chosen, method, reference, tendered_minor, payer_name)
        payment.account_id = account_id
        await payment.save(force_create=True)
        attempt: Attempt = await desk_attempt(payment, chosen)
        received = Outcome(state="succeeded", amount_minor=payment.amount_minor, currency=payment.currency)
        await settle(actor, attempt.id, received)
        return {"payment_id": str(payment.id)}

    body = {"account": str(account_id), "amount": amount_minor, **facts}
    answer = await once(actor, key=key, act="prepayment.take", body=body, do=do)
    return UUID(answer["payment_id"])


async def _chosen(tenant_id: UUID, account_id: UUID, amount: int) -> Chosen:
    tenant = await must_be_taking(tenant_id)
    account = await Account.get_or_none(tenant_id=tenant_id, id=account_id)
    if account is None:
        raise NotFound("account.not_found", t("There is no such account."))
    currency = tenant.currency
    check_amount(await terms_of(tenant_id, CreditTerms), amount, currency)
    settlement = (
        await SettlementAccount.filter(tenant_id=tenant_id, currency=currency, status="active")
        .order_by("created_at", "id")
        .first()
    )
    if settlement is None:
        text = t(
            "The institution has no account for {currency} yet, so nothing can be paid.", currency=currency
        )
        raise Conflict("payment.no_account", text)
    name = str(t("Paid ahead for {account}", account=account_text(account.number, account.name)))
    return Chosen(currency, amount, (Item(name, amount),), settlement.id, tenant.timezone)


def check_amount(terms: CreditTerms, amount: int, currency: str) -> None:
    """Refuse an amount that is not within the institution's limits for paying ahead.

    Raises:
        Conflict: paying ahead is switched off.
        Invalid: it is too little or too much.
    """
    if terms.prepay_most_minor <= 0:
        raise Conflict("prepayment.off", t("This institution takes no money ahead."))
    least, most = Amount(terms.prepay_least_minor, currency), Amount(terms.prepay_most_minor, currency)
    if type(amount) is not int or not terms.prepay_least_minor <= amount <= terms.prepay_most_minor:
        text = t("Enter an amount from {least} to {most}.", least=least, most=most)
        raise Invalid("prepayment.amount", text, fields={"amount": text})
