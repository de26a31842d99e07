"""Monthly statements: what an agency's visits of a month came to, drafted, looked at, and issued as a bill.

A visit is billed in its own month, once that is over: cancelled in time it costs nothing, cancelled late what the
contract keeps, and otherwise what was sold or what was redeemed at the gate.
"""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

from billing.charges.periods import last_day, months_after
from billing.models import Bill
from billing.names import localized
from billing.plans.single import MOST_LINES, Charge, issue_for
from billing.wallets.service import pay_bill
from scenarios.tourism.agencies.contracts import RIGHT, account_of
from scenarios.tourism.agencies.standing import CHARGE, deposit_of, locked_deposit
from scenarios.tourism.kinds import VISITOR_KINDS
from scenarios.tourism.models import AgencyStatement, Contract, Product
from tenants import audit
from tenants.actor import Actor
from tenants.days import today
from tenants.ids import new_id
from tenants.models import Tenant
from tenants.scope import execute, rows, value
from ui.errors import Conflict, NotFound
from ui.formats import month_text
from ui.i18n import LOCALES, N_, gettext, t, use_locale

DRAFT, ISSUED = "draft", "issued"
LATE = N_("Cancelled too late to be free")
_FREE = "update tourism_ticket set statement_id = null where tenant_id = $1 and statement_id = $2"
_TAKE = """
update tourism_ticket t set statement_id = $3 from tourism_order o
 where o.tenant_id = $1 and o.contract_id = $2 and t.tenant_id = $1 and t.order_id = o.id
   and t.day <= $4 and t.valid_until <= now() and t.statement_id is null and t.status not in ('held', 'void')
"""
_LINES = f"""
select case when t.status in ('refunding', 'refunded') then '' else t.bought_id::text end product,
       t.visitor_kind kind, sum({CHARGE})::bigint amount_minor,
       coalesce(sum(case when t.status in ('refunding', 'refunded') or c.counts = 'sold' then t.people
                         else least(t.used, t.people) end)
                filter (where t.places > 0 or t.product_id = t.bought_id), 0)::int quantity
  from tourism_ticket t join tourism_order o on o.tenant_id = $1 and o.id = t.order_id
  join tourism_contract c on c.tenant_id = $1 and c.id = o.contract_id
 where t.tenant_id = $1 and t.statement_id = $2 group by 1, 2 having sum({CHARGE}) > 0 order by 1 desc, 2
"""
_DUE = """
select c.id from tourism_contract c
 where c.tenant_id = $1 and not exists (select 1 from tourism_statement s
         where s.tenant_id = $1 and s.contract_id = c.id and s.period = $2)
   and exists (select 1 from tourism_order o join tourism_ticket t on t.tenant_id = $1 and t.order_id = o.id
        where o.tenant_id = $1 and o.contract_id = c.id and t.day <= $3 and t.statement_id is null
          and t.status not in ('held', 'void'))
"""


async def draft_due(tenant: Tenant) -> int:
    """Draft the statements of the month that is over, of every agency that had visits; return how many."""
    period = months_after(today(tenant.timezone).replace(day=1), -1)
    found = await rows(_DUE, tenant.id, period, last_day(period))
    for one in found:
        await work_out(await Contract.get(tenant_id=tenant.id, id=one["id"]), period)
    return len(found)


async def work_out(contract: Contract, period: date) -> AgencyStatement:
    """Draft the statement of a month, or work its draft out anew; one that was issued stays as it is.

    Raises:
        Conflict: the month is not over yet.
    """
    zone = (await Tenant.get(id=contract.tenant_id)).timezone
    if last_day(period) >= today(zone):
        raise Conflict("statement.too_early", t("This month is not over yet."))
    deposit = await locked_deposit(contract)
    found = await AgencyStatement.get_or_none(
        tenant_id=contract.tenant_id, contract_id=contract.id, period=period
    )
    if found is not None and found.status == ISSUED:
        return found
    draft = found or await _begin(contract, period, deposit.currency)
    await execute(_FREE, draft.tenant_id, draft.id)
    await execute(_TAKE, draft.tenant_id, contract.id, draft.id, last_day(period))
    draft.lines = [dict(one) for one in await rows(_LINES, draft.tenant_id, draft.id)]
    draft.total_minor = sum(int(one["amount_minor"]) for one in draft.lines)
    draft.counts, draft.worked_out_at = contract.counts, datetime.now(UTC)
    await draft.save(update_fields=["lines", "total_minor", "counts", "worked_out_at"])
    return draft


async def _begin(contract: Contract, period: date, currency: str) -> AgencyStatement:
    return await AgencyStatement.create(
        id=new_id(),
        tenant_id=contract.tenant_id,
        contract_id=contract.id,
        account_id=contract.account_id,
        period=period,
        counts=contract.counts,
        lines=[],
        currency=currency,
        status=DRAFT,
        worked_out_at=datetime.now(UTC),
    )


async def statement_of(actor: Actor, statement_id: UUID) -> AgencyStatement:
    """Return a statement of the actor's institution.

    Raises:
        NotFound: there is none.
    """
    found = await AgencyStatement.get_or_none(tenant_id=actor.tenant_id, id=statement_id)
    if found is None:
        raise NotFound("statement.not_found", t("There is no such statement."))
    return found


async def issue(actor: Actor, statement_id: UUID) -> AgencyStatement:
    """Issue a draft as a bill of the agency's, once; one that comes to nothing needs none.

    Raises:
        StepUp: the sign-in is not fresh and strong; issuing is a money act.
    """
    actor.require(RIGHT)
    actor.require_fresh()
    contract = await Contract.get(
        tenant_id=actor.tenant_id, id=(await statement_of(actor, statement_id)).contract_id
    )
    await locked_deposit(contract)
    found = await statement_of(actor, statement_id)
    if found.status == ISSUED:
        return found
    if found.total_minor:
        found.bill_id = (await _bill(actor, contract, found)).id
    found.status, found.issued_at, found.issued_by_name = ISSUED, datetime.now(UTC), actor.name[:100]
    await found.save(update_fields=["bill_id", "status", "issued_at", "issued_by_name"])
    await _record(actor, contract, found)
    return found


async def _bill(actor: Actor, contract: Contract, found: AgencyStatement) -> Bill:
    tenant = await Tenant.get(id=found.tenant_id)
    return await issue_for(
        actor,
        account_id=found.account_id,
        charges=await _charges(found),
        due_on=today(tenant.timezone) + timedelta(days=contract.due_days),
        reference=f"{found.period:%Y-%m}",
        key=f"statement {found.id}",
    )


async def _charges(found: AgencyStatement) -> list[Charge]:
    """Return the bill's lines; what no bill has room for is one line together."""
    products = await products_of(found)
    lines = [_charge(found, one, products.get(one["product"])) for one in found.lines]
    if len(lines) <= MOST_LINES:
        return lines
    rest = sum(one.amount_minor for one in lines[MOST_LINES - 1 :])
    words = _words(lambda: gettext("Further visits of {month}", month=month_text(found.period)))
    item = lines[0].fee_item_id
    return [*lines[: MOST_LINES - 1], Charge(rest, names=words, fee_item_id=item)]


async def products_of(found: AgencyStatement) -> dict[str, Product]:
    """Return the products of a statement's lines by the text of their id."""
    ids = {one["product"] for one in found.lines} - {""}
    return {str(one.id): one for one in await Product.filter(tenant_id=found.tenant_id, id__in=ids)}


def line_name(line: dict[str, Any], product: Product | None) -> str:
    """Return what a line is of, in the reader's language."""
    kind = gettext(VISITOR_KINDS[line["kind"]])
    return f"{localized(product.names) if product else gettext(LATE)}, {kind}"


def _charge(found: AgencyStatement, line: dict[str, Any], product: Product | None) -> Charge:
    words = _words(lambda: f"{month_text(found.period)}: {line['quantity']} × {line_name(line, product)}")
    return Charge(
        int(line["amount_minor"]),
        names={locale: name[:100] for locale, name in words.items()},
        fee_item_id=product.fee_item_id if product else None,
    )


def _words(write: Any) -> dict[str, str]:
    made = {}
    for locale in LOCALES:
        with use_locale(locale):
            made[locale] = write()
    return made


async def _record(actor: Actor, contract: Contract, found: AgencyStatement) -> None:
    account = await account_of(contract)
    await audit.record(
        actor,
        "statement.issued",
        subject_kind="agency_statement",
        subject_id=found.id,
        subject_label=f"{account.number} {found.period:%Y-%m}",
        after={"amount_minor": found.total_minor, "currency": found.currency},
    )


_LEFT = """
select (total_minor - paid_minor - adjusted_minor)::bigint from billing_bill where tenant_id = $1 and id = $2
   and status in ('issued', 'part_paid')
"""


async def left_of(found: AgencyStatement) -> int:
    """Return what is still to be paid of an issued statement."""
    return int(await value(_LEFT, found.tenant_id, found.bill_id) or 0) if found.bill_id else 0


async def pay_from_deposit(actor: Actor, statement_id: UUID, *, key: str) -> int:
    """Pay what is left of a statement's bill from the deposit, as far as that goes; return how much.

    Raises:
        Conflict: nothing is left to pay, or nothing is in the deposit.
    """
    actor.require("payments.take")
    found = await statement_of(actor, statement_id)
    contract = await Contract.get(tenant_id=found.tenant_id, id=found.contract_id)
    deposit = await deposit_of(contract)
    amount: int = min(await left_of(found), deposit.balance_minor)
    if amount <= 0 or found.bill_id is None:
        raise Conflict("statement.nothing", t("There is nothing to pay, or nothing in the deposit."))
    await pay_bill(actor, wallet_id=deposit.id, bill_id=found.bill_id, amount_minor=amount, key=key)
    return amount
