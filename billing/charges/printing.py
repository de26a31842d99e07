"""Bills on paper, each with its pay-link and the holder's code; many at once are `billing.bulk`'s."""

import asyncio
from collections.abc import Sequence
from datetime import date
from uuid import UUID
from zoneinfo import ZoneInfo

from billing import pay_links
from billing.charges.bills import ExplainedLine, lines_of
from billing.models import Bill
from billing.payments.into import Payee, payees_of
from billing.receipts.documents import BillDocument, BillDocumentLine, Issuer
from billing.receipts.pdf import render_bills
from tenants.actor import Actor
from tenants.banks.logo import read_logo
from tenants.days import today
from tenants.models import Bank, Holder, Tenant
from tenants.runtime import runtime
from tenants.scope import rows
from ui.errors import Conflict
from ui.formats import month_text
from ui.i18n import Text, t, use_locale

_ARREARS = """
select b.id, coalesce(sum(o.total_minor - o.paid_minor - o.adjusted_minor), 0)::bigint arrears
  from billing_bill b join billing_bill o on o.tenant_id = b.tenant_id and o.account_id = b.account_id
   and o.currency = b.currency and o.period < b.period and o.status in ('issued', 'part_paid')
   and o.held_until is null
 where b.tenant_id = $1 and b.id = any ($2::uuid[]) group by b.id
"""


async def print_one(actor: Actor, bill: Bill, locale: str) -> bytes:
    """Return one issued bill as a PDF in ``locale``.

    Raises:
        Conflict: it has not been issued, or was voided.
    """
    actor.require("bills.read")
    if bill.status in {"draft", "void"}:
        raise Conflict(
            "bill.not_printable", t("Only bills that have been issued and not voided are printed.")
        )
    documents = await documents_of(bill.tenant_id, [bill.id], locale)
    return await asyncio.to_thread(render_bills, documents, locale)


async def documents_of(tenant_id: UUID, bill_ids: Sequence[UUID], locale: str) -> list[BillDocument]:
    """Return issued bills as they are printed in ``locale``, in the order of the ids.

    Holders who have not confirmed themselves get the code that lets them; from now on it is accepted.
    """
    tenant = await Tenant.get(id=tenant_id)
    bills = {bill.id: bill for bill in await Bill.filter(tenant_id=tenant_id, id__in=list(bill_ids))}
    accounts = list({bill.account_id for bill in bills.values()})
    await pay_links.ensure_codes(tenant_id, accounts)
    holders = await _holders(tenant, accounts)
    arrears = {r["id"]: r["arrears"] for r in await rows(_ARREARS, tenant_id, list(bill_ids))}
    lines = await lines_of(tenant_id, list(bill_ids))
    issuer = await issuer_of(tenant)
    owed = [(bill.id, bill.currency) for bill in bills.values() if _is_owed(bill) and bill.held_until is None]
    payees = await payees_of(tenant_id, owed)
    with use_locale(locale):
        return [
            _document(
                tenant,
                issuer,
                bills[bill_id],
                lines[bill_id],
                holders.get(bills[bill_id].account_id),
                arrears.get(bill_id, 0),
                payees.get(bill_id),
            )
            for bill_id in bill_ids
        ]


async def _holders(tenant: Tenant, accounts: Sequence[UUID]) -> dict[UUID, Holder]:
    """Return whom the bill of each account is addressed to: the current default payer, owners first."""
    found = await Holder.filter(tenant_id=tenant.id, account_id__in=list(accounts)).order_by("created_at")
    now = today(tenant.timezone)
    current = [holder for holder in found if holder.lasts(now) and holder.sees is None]
    current.sort(key=lambda holder: (holder.is_default_payer, holder.relation == "owner"))
    return {holder.account_id: holder for holder in current}


def address_of(name: str, place: str) -> str:
    """Return an account's name with its place, unless the name says the place already."""
    return ", ".join(part for part in (name, "" if place in name else place) if part)


async def issuer_of(tenant: Tenant) -> Issuer:
    """Return the institution as it heads its papers."""
    bank = await Bank.get(id=tenant.bank_id)
    return Issuer(
        name=tenant.name,
        credit_code=tenant.uscc,
        phone=tenant.contact_phone,
        bank_name=bank.name,
        colour=bank.accent,
        logo=await asyncio.to_thread(read_logo, bank.logo_key),
    )


def _document(  # noqa: PLR0917 - the parts of one page
    tenant: Tenant,
    issuer: Issuer,
    bill: Bill,
    lines: Sequence[ExplainedLine],
    holder: Holder | None,
    arrears: int,
    payee: Payee | None,
) -> BillDocument:
    needs_code = holder is not None and holder.confirmed_at is None
    return BillDocument(
        issuer=issuer,
        number=bill.number,
        account=bill.account_number,
        holder=holder.name if holder else "",
        address=address_of(bill.account_name, bill.place),
        period=month_text(bill.period),
        issued_on=_issued_on(bill, tenant),
        due_on=bill.due_on,
        currency=bill.currency,
        lines=tuple(_line(line) for line in lines),
        total_minor=bill.total_minor,
        adjusted_minor=bill.adjusted_minor,
        paid_minor=bill.paid_minor,
        arrears_minor=arrears,
        pay_url=pay_links.make_url(tenant.id, bill.id) if _is_owed(bill) else "",
        holder_code=pay_links.confirmation_code(holder) if holder and needs_code else "",
        holder_url=f"{runtime().public_url.rstrip('/')}/my/accounts" if needs_code else "",
        notes=(_by_transfer(payee, bill),) if payee else (),
    )


def _is_owed(bill: Bill) -> bool:
    return bool(bill.total_minor > bill.paid_minor + bill.adjusted_minor)


def _by_transfer(payee: Payee, bill: Bill) -> Text:
    return t(
        "By transfer: to {name}, {bank}, account {account}. Write {number} as the reference, and nothing else.",
        name=payee.name,
        bank=payee.bank,
        account=payee.number,
        number=bill.number,
    )


def _issued_on(bill: Bill, tenant: Tenant) -> date:
    return bill.issued_at.astimezone(ZoneInfo(tenant.timezone)).date() if bill.issued_at else bill.period


def _line(line: ExplainedLine) -> BillDocumentLine:
    return BillDocumentLine(
        item=line.name,
        period=month_text(line.line.period),
        how=line.how,
        amount_minor=line.line.amount_minor,
    )
