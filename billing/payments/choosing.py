"""Which bills, how much of each, and where the money goes: everything that must be right before a payment begins."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from billing.bank_terms.reading import bank_terms_of, switched_off
from billing.channels import CHANNELS, health
from billing.channels.contract import Channel, Item
from billing.models import Bill, SettlementAccount
from billing.names import account_text
from billing.payments.allocating import Parts
from billing.payments.amounts import Amount
from billing.payments.orders import as_destination
from billing.payments.states import PAYABLE
from billing.routing import choosing as routing
from billing.routing.methods import Method, method_of
from billing.routing.terms import RoutingTerms
from billing.splits.rules import SHARING, are_shared
from billing.terms import terms_of
from billing.trial.opening import must_be_taking
from tenants.accounts.guests import must_pay
from tenants.actor import Actor
from tenants.scope import open_scope, rows, tenant_scope
from ui.errors import AppError, Conflict, Invalid, NotFound
from ui.i18n import Text, t

MOST_BILLS = 50
Wanted = Sequence[tuple[UUID, int]]


@dataclass(frozen=True, slots=True)
class Chosen:
    """What one payment is for: bills of one tenant, currency and settlement account; its day is that of ``zone``."""

    currency: str
    amount_minor: int
    items: tuple[Item, ...]
    settlement_id: UUID
    zone: str


def parts_of(wanted: Wanted) -> dict[UUID, int]:
    """Return the request as amounts by bill.

    Raises:
        Invalid: nothing chosen, too much at once, a bill named twice, an amount that is no positive whole number.
    """
    parts = dict(wanted)
    if not parts:
        raise Invalid("payment.nothing", t("Choose at least one bill to pay."))
    if len(parts) != len(wanted) or len(parts) > MOST_BILLS:
        raise Invalid("payment.too_many", t("Pay at most {n} bills at once, each once.", n=MOST_BILLS))
    for bill_id, amount in parts.items():
        if type(amount) is not int or amount <= 0:
            text = t("Enter an amount above zero.")
            raise Invalid("payment.amount", text, fields={f"amount-{bill_id}": text})
    return parts


async def must_see(actor: Actor, tenant_id: UUID, bill_ids: Iterable[UUID]) -> None:
    """Prove in the actor's own scope that the bills are theirs to see.

    Raises:
        NotFound: one of them is not, or there is no such bill; the two are never told apart.
        Forbidden: a guest may see them, and not pay.
    """
    wanted = set(bill_ids)
    async with open_scope(actor.scope()):
        seen = await rows(
            "select id, account_id from billing_bill"
            " where tenant_id = $1 and id = any ($2::uuid[]) and status <> 'draft'",
            tenant_id,
            list(wanted),
        )
        await must_pay({each["account_id"] for each in seen})
    if {each["id"] for each in seen} != wanted:
        raise NotFound("bill.not_found", t("There is no such bill, or it is not yours to see."))


async def choose(tenant_id: UUID, parts: Parts, *, is_paying: bool = False) -> Chosen:
    """Check the bills in the open tenant scope, keeping them as they are until it commits.

    A shared lock is enough to begin: many may look at a bill, while paying it waits; who may *hold* it the index
    decides. One that pays in the same transaction takes the whole lock at once, for two that share cannot both.

    Raises:
        Invalid: more than is left, or bills that cannot be paid together.
        Conflict: a bill is paid or closed, or the institution takes no payments now.
    """
    tenant = await must_be_taking(tenant_id, parts)
    await rows(
        "select 1 from billing_bill where tenant_id = $1 and id = any ($2::uuid[]) order by id"
        + (" for update" if is_paying else " for share"),
        tenant_id,
        list(parts),
    )
    bills = await Bill.filter(tenant_id=tenant_id, id__in=list(parts)).order_by("due_on", "number")
    if len(bills) != len(parts):
        raise NotFound("bill.not_found", t("There is no such bill, or it is not yours to see."))
    for bill in bills:
        _check(bill, parts[bill.id])
    currencies = {bill.currency for bill in bills}
    if len(currencies) > 1:
        raise Invalid(
            "payment.currencies", t("These bills are in different currencies. Pay them one by one.")
        )
    return Chosen(
        currency=bills[0].currency,
        amount_minor=sum(parts.values()),
        items=tuple(Item(item_name(bill), parts[bill.id]) for bill in bills),
        settlement_id=await settlement_of(tenant_id, parts, bills[0].currency),
        zone=tenant.timezone,
    )


def item_name(bill: Bill) -> str:
    """Return the bill as named on the channel's page, in the payer's language."""
    account = account_text(bill.account_number, bill.account_name)
    return str(t("Bill {number} for {account}", number=bill.number, account=account))


_CLOSED: Mapping[str, Text] = {
    "draft": t("There is no such bill, or it is not yours to see."),
    "paid": t("Bill {number} is already paid. Nothing is left to pay."),
    "void": t("Bill {number} was cancelled by the institution. There is nothing to pay."),
    "written_off": t("Bill {number} was closed by the institution. Ask them before you pay it."),
}


def too_much(number: str, left_minor: int, currency: str) -> Text:
    """Say that more was offered than is left of a bill."""
    left = Amount(left_minor, currency)
    return t("Only {left} is left to pay of bill {number}.", left=left, number=number)


def _check(bill: Bill, amount: int) -> None:
    if bill.status not in PAYABLE:
        raise _closed(bill)
    left = bill.left_minor
    if amount > left:
        text = too_much(bill.number, left, bill.currency)
        raise Invalid("payment.too_much", text, fields={f"amount-{bill.id}": text})
    check_held(bill, amount)


def check_held(bill: Bill, amount: int) -> None:
    """Refuse a held bill whose time is over, and a part of one: half a place cannot be kept.

    Raises:
        Conflict: its time is over.
        Invalid: it is not the whole of it.
    """
    if bill.held_until is None:
        return
    if bill.held_until <= datetime.now(UTC):
        text = t("The time to pay bill {number} is over. Nothing was taken.", number=bill.number)
        raise Conflict("hold.over", text)
    if amount != bill.left_minor:
        text = t("Bill {number} can only be paid whole.", number=bill.number)
        raise Invalid("payment.whole", text, fields={f"amount-{bill.id}": text})


def _closed(bill: Bill) -> AppError:
    text = _CLOSED[bill.status]
    return Conflict(f"bill.{bill.status}", t(text.message, number=bill.number))


_NAMED = """
select distinct coalesce(i.settlement_account_id, (
         select id from billing_settlement_account where tenant_id = $1 and currency = $3 and status = 'active'
          order by created_at, id limit 1)) id
  from billing_bill_line l join billing_fee_item i on i.tenant_id = l.tenant_id and i.id = l.fee_item_id
 where l.tenant_id = $1 and l.bill_id = any ($2::uuid[])
"""


async def settlement_of(tenant_id: UUID, bill_ids: Iterable[UUID], currency: str) -> UUID:
    """Return the one account of the tenant to which all these bills are paid.

    Raises:
        Invalid: the bills' fees go to different accounts.
        Conflict: the institution has no account in this currency yet.
    """
    found: set[UUID | None] = {each["id"] for each in await rows(_NAMED, tenant_id, list(bill_ids), currency)}
    named = found - {None}
    if len(found) > 1:
        raise Invalid(
            "payment.accounts", t("These bills are paid to different accounts. Pay them one by one.")
        )
    if not named:
        raise Conflict(
            "payment.no_account",
            t(
                "The institution has no account for {currency} yet, so nothing can be paid.",
                currency=currency,
            ),
        )
    return next(each for each in named if each is not None)


_ACCOUNT_OF = """
select l.bill_id, min(coalesce(i.settlement_account_id, (
         select id from billing_settlement_account where tenant_id = $1 and currency = $3 and status = 'active'
          order by created_at, id limit 1))::text)::uuid account_id
  from billing_bill_line l join billing_fee_item i on i.tenant_id = l.tenant_id and i.id = l.fee_item_id
 where l.tenant_id = $1 and l.bill_id = any ($2::uuid[]) group by l.bill_id
"""


async def accounts_of(tenant_id: UUID, bill_ids: Iterable[UUID], currency: str) -> dict[UUID, UUID | None]:
    """Return to which of the tenant's accounts each bill is paid; one payment goes to one of them.

    Opens the tenant's scope itself, since payers do not see settlement accounts.
    """
    async with open_scope(tenant_scope(tenant_id)):
        found = await rows(_ACCOUNT_OF, tenant_id, list(bill_ids), currency)
    return {each["bill_id"]: each["account_id"] for each in found}


@dataclass(frozen=True, slots=True)
class Offer:
    """A way to pay that a payer may choose, with the least and the most of one payment; one that is down comes last."""

    key: str
    name: Text
    has_qr: bool
    minimum_minor: int
    maximum_minor: int | None = None
    hint: Text | str = ""
    is_down: bool = False


async def offers(tenant_id: UUID, currency: str, bill_ids: Iterable[UUID] = ()) -> list[Offer]:
    """Return the ways by which these bills (or any) can be paid online in ``currency``, as the institution orders them.

    Opens the tenant's scope itself, since payers do not see settlement accounts.
    """
    bill_ids = list(bill_ids)
    named = set((await accounts_of(tenant_id, bill_ids, currency)).values()) if bill_ids else set()
    async with open_scope(tenant_scope(tenant_id)):
        accounts = await SettlementAccount.filter(
            tenant_id=tenant_id, currency=currency, status="active"
        ).order_by("created_at", "id")
        meant = [account for account in accounts if account.id in named] or accounts
        open_to = [as_destination(account) for account in meant[:1]]
        terms, bank = await terms_of(tenant_id, RoutingTerms), await bank_terms_of(tenant_id)
        fees = await fees_of(tenant_id, bill_ids)
        is_shared = bool(bill_ids) and await are_shared(tenant_id, bill_ids)
    down = {key for key in CHANNELS if health.is_down(key)}
    found = routing.usable(
        routing.routes_of(terms),
        currency=currency,
        destinations=open_to,
        fee_items=fees,
        down=down,
        within=bank,
    )
    return [
        _offer(method, routing.bounds(method, route, currency, bank), is_down=method.channel in down)
        for method, route in found
        if method.channel == SHARING or not is_shared
    ]


def _offer(method: Method, bounds: tuple[int, int | None], *, is_down: bool) -> Offer:
    least, most = bounds
    has_qr = CHANNELS[method.channel].capabilities.has_qr
    return Offer(method.key, method.name, has_qr, least, most, method.hint, is_down)


_FEES = """
select distinct i.key from billing_bill_line l
  join billing_fee_item i on i.tenant_id = l.tenant_id and i.id = l.fee_item_id
 where l.tenant_id = $1 and l.bill_id = any ($2::uuid[])
"""


async def fees_of(tenant_id: UUID, bill_ids: Iterable[UUID]) -> set[str]:
    """Return the fee items, by key, that these bills charge."""
    wanted = list(bill_ids)
    return {each["key"] for each in await rows(_FEES, tenant_id, wanted)} if wanted else set()


async def way_for(
    key: str, chosen: Chosen, account: SettlementAccount, bill_ids: Iterable[UUID] = ()
) -> tuple[Method, Channel]:
    """Return the way to pay and its channel, once they can take this payment.

    Raises:
        Invalid: it is not offered here for these bills, or not for this amount.
        Conflict: the bank has switched it off.
    """
    terms, bank = await terms_of(account.tenant_id, RoutingTerms), await bank_terms_of(account.tenant_id)
    if (wanted := method_of(key)) and not bank.offers(wanted.channel):
        raise switched_off(wanted.channel)
    found = routing.usable(
        [each for each in routing.routes_of(terms) if each[0].key == key],
        currency=chosen.currency,
        destinations=[as_destination(account)],
        fee_items=await fees_of(account.tenant_id, bill_ids),
        down=(),
    )
    if not found:
        raise Invalid("payment.channel", t("Choose how to pay."), fields={"channel": t("Choose how to pay.")})
    method, route = found[0]
    routing.check(method, route, chosen.amount_minor, chosen.currency, bank)
    return method, CHANNELS[method.channel]
