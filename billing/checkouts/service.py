"""Beginning a checkout of several institutions, going on with it, and where it stands."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol
from uuid import UUID

from billing.channels import CHANNELS, channel_name
from billing.channels.bank import BankChannel
from billing.checkouts import combining
from billing.idempotency import KEY_MAX, fingerprint
from billing.models import Checkout
from billing.payments.asking import withdraw
from billing.payments.choosing import accounts_of, must_see, offers
from billing.payments.refreshing import refresh
from billing.payments.starting import StartedPayment, Will, must_be_outside, start_payment
from billing.payments.states import LIVE, RECEIVED, RECEIVED_SQL
from tenants.actor import Actor
from tenants.ids import new_id
from tenants.scope import execute, open_scope, person_scope, rows
from ui.errors import Conflict, Invalid, NotFound
from ui.i18n import t

MOST_INSTITUTIONS = 10
"""Sub-orders that the rail takes in one order."""


@dataclass(frozen=True, slots=True)
class Group:
    """What is paid to one account of an institution in one currency: bills with their minor units."""

    tenant_id: UUID
    currency: str
    bills: tuple[tuple[UUID, int], ...]
    account_id: UUID | None = None

    @property
    def amount_minor(self) -> int:
        """All bills together."""
        return sum(amount for _, amount in self.bills)


class Payable(Protocol):
    """A bill as far as a checkout needs it."""

    @property
    def id(self) -> UUID:
        """The bill's id."""

    @property
    def tenant_id(self) -> UUID:
        """The institution whose bill it is."""

    @property
    def currency(self) -> str:
        """Its currency."""


async def groups_of(wanted: Sequence[tuple[Payable, int]]) -> list[Group]:
    """Return bills with their minor units by the account that they are paid to, in the order of the first of each."""
    by_tenant: dict[tuple[UUID, str], list[UUID]] = {}
    for bill, _ in wanted:
        by_tenant.setdefault((bill.tenant_id, bill.currency), []).append(bill.id)
    payee: dict[UUID, UUID | None] = {}
    for (tenant_id, currency), ids in by_tenant.items():
        payee |= await accounts_of(tenant_id, ids, currency)
    parts: dict[tuple[UUID, str, UUID | None], list[tuple[UUID, int]]] = {}
    for bill, amount in wanted:
        key = (bill.tenant_id, bill.currency, payee.get(bill.id))
        parts.setdefault(key, []).append((bill.id, amount))
    return [
        Group(tenant, currency, tuple(found), account) for (tenant, currency, account), found in parts.items()
    ]


async def ways_of(groups: Sequence[Group]) -> list[dict[str, Any]]:
    """Return the ways to pay all of them: together through the bank where it can, one after another otherwise."""
    ways: list[dict[str, Any]] = []
    if await can_combine(groups):
        ways.append({"key": BankChannel.key, "name": channel_name(BankChannel.key), "is_combined": True})
    common: list[str] | None = None
    for group in groups:
        bills = [bill for bill, _ in group.bills]
        keys = [offer.key for offer in await offers(group.tenant_id, group.currency, bills)]
        common = keys if common is None else [key for key in common if key in keys]
    for key in common or []:
        if not any(way["key"] == key for way in ways):
            ways.append({"key": key, "name": channel_name(key), "is_combined": False})
    return ways


async def can_combine(groups: Sequence[Group]) -> bool:
    """Tell whether one order at the bank's rail can pay all of them: one currency, each once, all open to it."""
    payees = {(group.tenant_id, group.account_id) for group in groups}
    if len({group.currency for group in groups}) != 1 or len(payees) != len(groups):
        return False
    ways = [
        await offers(group.tenant_id, group.currency, [bill for bill, _ in group.bills]) for group in groups
    ]
    return len(groups) <= MOST_INSTITUTIONS and all(
        any(offer.key == BankChannel.key and offer.minimum_minor <= group.amount_minor for offer in offered)
        for group, offered in zip(groups, ways, strict=True)
    )


async def begin(
    actor: Actor, *, groups: Sequence[Group], channel: str, key: str, urls: tuple[str, str]
) -> UUID:
    """Begin to pay several institutions and return the checkout's id; the same form counts once.

    With the bank's rail, where it can, it is one order; with any other channel nothing is started yet, and
    ``pay_next`` starts one institution after another. ``{checkout_id}`` in the addresses becomes its id.

    Raises:
        NotFound: a bill is not this person's to see.
        Invalid, Conflict: fewer than two institutions, or what a payment of one of them runs into.
    """
    must_be_outside()
    if not 1 < len(groups) <= MOST_INSTITUTIONS:
        raise Invalid("checkout.several", t("Choose bills of two to {n} institutions.", n=MOST_INSTITUTIONS))
    for group in groups:
        await must_see(actor, group.tenant_id, [bill for bill, _ in group.bills])
    is_combined = channel == BankChannel.key and await can_combine(groups)
    checkout = await _kept(actor, groups, channel, key, is_combined=is_combined)
    kept_id: UUID = checkout.id
    if is_combined:
        lifetime = CHANNELS[channel].capabilities.lifetime
        expires_at = checkout.created_at + lifetime
        if expires_at <= datetime.now(UTC):
            return kept_id
        own = (urls[0].replace(PLACE, str(checkout.id)), urls[1].replace(PLACE, str(checkout.id)))
        wills = [
            (
                group.tenant_id,
                Will(dict(group.bills), channel, f"{checkout.id}.{n}", own, checkout.id, expires_at),
            )
            for n, group in enumerate(groups)
        ]
        await combining.send_all(actor, await combining.prepare_all(actor, wills), checkout.id)
    return kept_id


PLACE = "{checkout_id}"
_KEEP = """
insert into billing_checkout (id, person_id, key, body_hash, channel, is_combined, parts)
values ($1, $2, $3, $4, $5, $6, $7) on conflict (person_id, key) do nothing
"""


async def _kept(
    actor: Actor, groups: Sequence[Group], channel: str, key: str, *, is_combined: bool
) -> Checkout:
    assert actor.person_id is not None  # noqa: S101 - a person's own
    if not key or len(key) > KEY_MAX or not key.isprintable():
        raise Invalid("idempotency.key", t("This form is incomplete. Open the page again."))
    parts = [_json(group) for group in groups]
    digest = fingerprint(actor, {"parts": parts, "channel": channel})
    async with open_scope(person_scope(actor.person_id)):
        await execute(_KEEP, new_id(), actor.person_id, key, digest, channel, is_combined, json.dumps(parts))
        kept = await Checkout.get(person_id=actor.person_id, key=key)
    if bytes(kept.body_hash) != digest:
        raise Conflict(
            "idempotency.reused",
            t("This form was sent before with other values. Open the page again to see what happened."),
        )
    return kept


def _json(group: Group) -> dict[str, Any]:
    bills = [[str(bill), amount] for bill, amount in group.bills]
    part = {"tenant_id": str(group.tenant_id), "currency": group.currency, "bills": bills}
    return part | ({"account_id": str(group.account_id)} if group.account_id else {})


@dataclass(frozen=True, slots=True)
class Step:
    """One institution of a checkout as it stands; ``payment_id`` is its latest try."""

    tenant_id: UUID
    name: str
    currency: str
    amount_minor: int
    bills: tuple[tuple[UUID, int], ...]
    account_id: UUID | None
    tries: int
    payment_id: UUID | None
    status: str
    receipt_id: UUID | None
    redirect_url: str
    qr_content: str
    expires_at: datetime | None
    timezone: str

    @property
    def is_paid(self) -> bool:
        """Whether its money has arrived."""
        return self.status in RECEIVED

    @property
    def is_open(self) -> bool:
        """Whether its try has no end yet."""
        return self.status in LIVE


@dataclass(frozen=True, slots=True)
class Progress:
    """A checkout as its person sees it."""

    checkout: Checkout
    steps: tuple[Step, ...]

    @property
    def paid_count(self) -> int:
        """How many institutions have their money."""
        return sum(step.is_paid for step in self.steps)

    @property
    def open(self) -> Step | None:
        """The step that is being paid now."""
        return next((step for step in self.steps if step.is_open), None)

    @property
    def next(self) -> Step | None:
        """The institution to pay next, where they are paid one after another."""
        if self.checkout.is_combined or self.open is not None:
            return None
        return next((step for step in self.steps if not step.is_paid), None)

    @property
    def is_done(self) -> bool:
        """Whether all are paid."""
        return self.paid_count == len(self.steps)

    @property
    def is_final(self) -> bool:
        """Whether nothing is left to wait for."""
        return self.open is None and self.next is None


_TRIES = f"""
select distinct on (p.tenant_id, p.currency, p.settlement_account_id) p.tenant_id, p.currency,
       p.settlement_account_id account_id, p.id payment_id, p.status, r.id receipt_id,
       coalesce(a.redirect_url, '') redirect_url, coalesce(a.qr_content, '') qr_content, a.expires_at,
       count(*) over (partition by p.tenant_id, p.currency, p.settlement_account_id) tries
  from billing_payment p
  left join billing_attempt a on a.tenant_id = p.tenant_id and a.payment_id = p.id
  left join billing_receipt r on r.tenant_id = p.tenant_id and r.payment_id = p.id
 where p.tenant_id = any ((select scope_tenants())::uuid[]) and p.checkout_id = $1
 order by p.tenant_id, p.currency, p.settlement_account_id,
       p.status in {RECEIVED_SQL} desc,
       p.created_at desc, p.id desc
"""
_NAMES = "select id, short_name, timezone from tenants_tenant where id = any ($1::uuid[])"


async def progress(actor: Actor, checkout_id: UUID) -> Progress:
    """Return where a person's checkout stands. Opens the person's scope.

    Raises:
        NotFound: there is none, or it is not theirs.
    """
    async with open_scope(actor.scope()):
        checkout = await Checkout.get_or_none(id=checkout_id)
        if checkout is None:
            raise NotFound("checkout.not_found", t("There is no such payment, or it is not yours to see."))
        tried = await rows(_TRIES, checkout_id)
        ids = [UUID(part["tenant_id"]) for part in checkout.parts]
        institutions = {each["id"]: each for each in await rows(_NAMES, ids)}
    steps = [_step(part, institutions[UUID(part["tenant_id"])], tried) for part in checkout.parts]
    return Progress(checkout, tuple(steps))


def _step(part: dict[str, Any], institution: Any, tried: Sequence[Any]) -> Step:
    tenant_id = UUID(part["tenant_id"])
    account_id = UUID(part["account_id"]) if part.get("account_id") else None
    own = (each for each in tried if (each["tenant_id"], each["currency"]) == (tenant_id, part["currency"]))
    found = next((each for each in own if account_id in {None, each["account_id"]}), None)
    bills = tuple((UUID(bill), amount) for bill, amount in part["bills"])
    return Step(
        tenant_id=tenant_id,
        name=institution["short_name"],
        timezone=institution["timezone"],
        currency=part["currency"],
        amount_minor=sum(amount for _, amount in bills),
        bills=bills,
        account_id=account_id,
        tries=found["tries"] if found else 0,
        payment_id=found["payment_id"] if found else None,
        status=found["status"] if found else "",
        receipt_id=found["receipt_id"] if found else None,
        redirect_url=found["redirect_url"] if found else "",
        qr_content=found["qr_content"] if found else "",
        expires_at=found["expires_at"] if found else None,
    )


async def look(actor: Actor, checkout_id: UUID) -> Progress:
    """Ask the channel about every open part of a checkout and return where it stands. Opens its own scopes.

    Raises:
        NotFound: there is none, or it is not theirs.
    """
    seen = await progress(actor, checkout_id)
    open_ones = [step.payment_id for step in seen.steps if step.is_open and step.payment_id]
    for payment_id in open_ones:
        await refresh(actor, payment_id)
    return await progress(actor, checkout_id) if open_ones else seen


async def pay_next(actor: Actor, checkout_id: UUID, *, urls: tuple[str, str]) -> StartedPayment | None:
    """Start the payment of the next institution of a queue; ``None`` when there is none to start.

    The key counts the tries, so that the same button pressed twice starts one payment.

    Raises:
        Invalid, Conflict: what starting a payment runs into.
    """
    must_be_outside()
    seen = await look(actor, checkout_id)
    step = seen.next
    if step is None:
        return None
    ways = [
        offer.key for offer in await offers(step.tenant_id, step.currency, [bill for bill, _ in step.bills])
    ]
    if not ways:
        raise Conflict("payment.no_way", t("{name} cannot be paid online just now.", name=step.name))
    channel = seen.checkout.channel if seen.checkout.channel in ways else ways[0]
    return await start_payment(
        actor,
        tenant_id=step.tenant_id,
        bills=step.bills,
        channel=channel,
        key=f"{checkout_id}.{(step.account_id or step.tenant_id).hex[-12:]}.{step.currency}.{step.tries}",
        return_url=urls[0],
        cancel_url=urls[1],
        checkout_id=checkout_id,
    )


async def stop(actor: Actor, checkout_id: UUID) -> Progress:
    """Withdraw what is open of a checkout; of a combined one the rail lets go of all, or of none.

    Raises:
        Conflict: it is under way or being checked, so it cannot be stopped.
    """
    seen = await look(actor, checkout_id)
    for step in seen.steps:
        if step.is_open and step.payment_id is not None:
            await _withdraw(actor, step)
    left = await progress(actor, checkout_id)
    if left.open is not None:
        text = t("This payment is already under way or being checked, so it cannot be stopped. Please wait.")
        raise Conflict("payment.not_cancelled", text)
    return left


_ATTEMPT = """
select id from billing_attempt where tenant_id = $1 and payment_id = $2 order by created_at desc, id desc limit 1
"""


async def _withdraw(actor: Actor, step: Step) -> None:
    async with open_scope(actor.scope()):
        found = await rows(_ATTEMPT, step.tenant_id, step.payment_id)
    for each in found:
        await withdraw(actor.within(step.tenant_id), each["id"])
