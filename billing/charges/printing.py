"""Bills on paper: one at once, many in the background, each with its pay-link and the holder's code."""

import asyncio
from collections.abc import Sequence
from datetime import date
from functools import partial
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from billing import pay_links
from billing.charges.bills import ExplainedLine, lines_of
from billing.charges.periods import today
from billing.models import Bill
from billing.receipts.documents import BillDocument, BillDocumentLine, Issuer
from billing.receipts.pdf import render_bills
from tenants import tasks
from tenants.actor import Actor
from tenants.files import DirectoryStorage, FileLimits
from tenants.jobs import enqueue
from tenants.models import Bank, Holder, Task, Tenant
from tenants.runtime import runtime
from tenants.scope import open_scope, rows
from ui.errors import Conflict, Invalid, NotFound
from ui.formats import month_text
from ui.i18n import LOCALES, t, use_locale

PRINT_JOB = "billing.print_bills"
KIND = "bills.print"
MOST = 3000
"""Bills in one file; a larger run is printed place by place."""
_LARGEST_FILE = 400 * 1024 * 1024
_TICK = 1.0

_ARREARS = """
select b.id, coalesce(sum(o.total_minor - o.paid_minor - o.adjusted_minor), 0)::bigint arrears
  from billing_bill b join billing_bill o on o.tenant_id = b.tenant_id and o.account_id = b.account_id
   and o.currency = b.currency and o.period < b.period and o.status in ('issued', 'part_paid')
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


async def print_run(actor: Actor, run_id: UUID, *, place: str, locale: str) -> Task:
    """Have the bills of an issued run (of one place, where named) put into one file in the background.

    Raises:
        Invalid: there is nothing to print, too much for one file, or no such language.
    """
    actor.require("bills.read")
    count = await _printable(actor, run_id, place).count()
    if locale not in LOCALES or not count:
        text = t("No issued bill matches. Choose another place.")
        raise Invalid("print.nothing", text, fields={"place": text})
    if count > MOST:
        text = t("{n} bills are too many for one file. Choose a place.", n=count)
        raise Invalid("print.too_many", text, fields={"place": text})
    task = await tasks.begin(actor, KIND, subject_id=run_id, total=count)
    await enqueue(PRINT_JOB, {"task_id": str(task.id), "place": place, "locale": locale})
    return task


def _printable(actor: Actor, run_id: UUID, place: str) -> Any:
    found = Bill.filter(tenant_id=actor.tenant_id, run_id=run_id).exclude(status__in=["draft", "void"])
    return found.filter(place=place) if place else found


async def work(actor: Actor, payload: dict[str, Any]) -> None:
    """Make the file of a print task; a second worker makes it again and the first one's is kept."""
    async with open_scope(actor.scope()):
        task = await Task.get(tenant_id=actor.tenant_id, id=UUID(payload["task_id"]))
        assert task.subject_id is not None  # noqa: S101 - print_run wrote it
        bills = await _printable(actor, task.subject_id, payload["place"]).order_by("number")
        ids = [bill.id for bill in bills]
        documents = await documents_of(task.tenant_id, ids, payload["locale"])
    drawn: list[int] = []
    making = asyncio.create_task(
        asyncio.to_thread(render_bills, documents, payload["locale"], on_drawn=drawn.append)
    )
    while not making.done():
        await asyncio.wait([making], timeout=_TICK)
        async with open_scope(actor.scope()):
            await Task.filter(tenant_id=task.tenant_id, id=task.id).update(done=len(drawn), state="running")
    await _keep(actor, task.id, await making)


async def _keep(actor: Actor, task_id: UUID, content: bytes) -> None:
    save = partial(_storage().save, content, owner_key=str(actor.tenant_id), filename="bills.pdf")
    stored = await asyncio.to_thread(save, limits=FileLimits(size=_LARGEST_FILE))
    async with open_scope(actor.scope()):
        tenant = await Tenant.get(id=actor.tenant_id)
        task = await Task.filter(tenant_id=tenant.id, id=task_id).select_for_update().get()
        if task.state != "done":
            task.done = task.total
            tasks.end(
                task,
                url=f"/t/{tenant.slug}/prints/{task.id}",
                result={"key": stored.key, "size": stored.size},
            )
            await task.save()


async def print_task(actor: Actor, task_id: UUID) -> Task:
    """Return a finished print task of this tenant.

    Raises:
        NotFound: there is none.
    """
    actor.require("bills.read")
    task = await Task.get_or_none(tenant_id=actor.tenant_id, id=task_id, kind=KIND, state="done")
    if task is None:
        raise NotFound("print.not_found", t("There is no such file. Print the bills again."))
    return task


async def content_of(task: Task) -> bytes:
    """Return the file that a print task made.

    Raises:
        NotFound: it has been cleared away.
    """
    key = (task.result or {}).get("key", "")
    try:
        return await asyncio.to_thread(_read, key)
    except FileNotFoundError:
        raise NotFound("print.not_found", t("There is no such file. Print the bills again.")) from None


def _read(key: str) -> bytes:
    with _storage().open(key) as file:
        return file.read()


def _storage() -> DirectoryStorage:
    return DirectoryStorage(runtime().data_dir / "files")


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
    with use_locale(locale):
        return [
            _document(
                tenant,
                issuer,
                bills[bill_id],
                lines[bill_id],
                holders.get(bills[bill_id].account_id),
                arrears.get(bill_id, 0),
            )
            for bill_id in bill_ids
        ]


async def _holders(tenant: Tenant, accounts: Sequence[UUID]) -> dict[UUID, Holder]:
    """Return whom the bill of each account is addressed to: the current default payer, owners first."""
    found = await Holder.filter(tenant_id=tenant.id, account_id__in=list(accounts)).order_by("created_at")
    now = today(tenant.timezone)
    current = [holder for holder in found if holder.until is None or holder.until >= now]
    current.sort(key=lambda holder: (holder.is_default_payer, holder.relation == "owner"))
    return {holder.account_id: holder for holder in current}


async def issuer_of(tenant: Tenant) -> Issuer:
    """Return the institution as it heads its papers."""
    bank = await Bank.get(id=tenant.bank_id)
    return Issuer(
        name=tenant.name,
        credit_code=tenant.uscc,
        phone=tenant.contact_phone,
        bank_name=bank.name,
        colour=bank.accent,
    )


def _document(  # noqa: PLR0917 - the parts of one page
    tenant: Tenant,
    issuer: Issuer,
    bill: Bill,
    lines: Sequence[ExplainedLine],
    holder: Holder | None,
    arrears: int,
) -> BillDocument:
    is_owed = bill.total_minor > bill.paid_minor + bill.adjusted_minor
    needs_code = holder is not None and holder.confirmed_at is None
    return BillDocument(
        issuer=issuer,
        number=bill.number,
        account=bill.account_number,
        holder=holder.name if holder else "",
        address=", ".join(part for part in (bill.account_name, bill.place) if part),
        period=month_text(bill.period),
        issued_on=_issued_on(bill, tenant),
        due_on=bill.due_on,
        currency=bill.currency,
        lines=tuple(_line(line) for line in lines),
        total_minor=bill.total_minor,
        adjusted_minor=bill.adjusted_minor,
        paid_minor=bill.paid_minor,
        arrears_minor=arrears,
        pay_url=pay_links.make_url(tenant.id, bill.id) if is_owed else "",
        holder_code=pay_links.confirmation_code(holder) if holder and needs_code else "",
        holder_url=f"{runtime().public_url.rstrip('/')}/my/accounts" if needs_code else "",
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
