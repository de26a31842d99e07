"""ChargeItem, Invoice and Account: what is charged, the bill it stands on, and who owes it.

A line of a bill is a ChargeItem, unless the bill charges items that have rows of their own: outpatient orders, or what
somebody else adds. ``add`` takes their rows; Account takes those of a stay by ``add_accounts``.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from billing import pay_links
from scenarios.hospital.fhir.codes import ACT, BILLS, ORDERS, case, concept
from scenarios.hospital.fhir.kinds import Kind, Row, Server, instant, money, named, of_patient, to
from scenarios.hospital.orders.service import PURPOSE
from tenants.runtime import runtime
from tenants.scope import rows

_BOOKED = """
  left join lateral (
    select max(e.occurred_at) occurred_at from billing_posting p
      join billing_entry e on e.tenant_id = $1 and e.id = p.entry_id
     where p.tenant_id = $1 and p.bill_id = b.id) booked on true
"""
"""Every cause that changes a bill's money books an entry, so the latest is when the bill changed last."""


@dataclass(frozen=True, slots=True)
class Charges:
    """Items that have rows of their own, and the bills whose lines they are.

    ``rows`` is SQL with the tenant as ``$1``: ``id``, ``at``, ``changed_at``, ``patient_id``, ``account_id`` (an
    Account that is told), ``bill_id``, ``status`` (a ChargeItem's), ``amount_minor``, ``currency``, ``names`` (JSON by
    locale, or null), ``sealed`` (clinical text encrypted for ``purpose``, or null) and ``purpose``, in this order.
    ``bills`` is a condition on a bill ``b``: its lines are not told beside them.
    """

    rows: str
    bills: str


ORDERED = Charges(
    f"""
select o.id, o.ordered_at at, o.changed_at, o.account_id patient_id, o.account_id, k.bill_id,
       {case("o.status", ORDERS)} status, o.amount_minor, o.currency, null::jsonb names, o.what sealed,
       '{PURPOSE}' purpose
  from hospital_order o left join hospital_basket k on k.tenant_id = $1 and k.id = o.basket_id
 where o.tenant_id = $1
""",
    "exists (select 1 from hospital_basket k where k.tenant_id = $1 and k.bill_id = b.id)",
)
_sources: list[Charges] = [ORDERED]
_accounts: list[str] = []


def add(source: Charges) -> None:
    """Tell of further items; safe to call again."""
    if source not in _sources:
        _sources.append(source)


def add_accounts(sql: str) -> None:
    """Tell of further accounts (those of stays); safe to call again.

    ``sql`` has the tenant as ``$1`` and gives ``id``, ``at``, ``patient_id``, ``number``, ``name``, ``status`` (an
    Account's), ``starts_at`` and ``ends_at``, in this order.
    """
    if sql not in _accounts:
        _accounts.append(sql)


def _own_lines() -> str:
    own = " and ".join(f"not {source.bills}" for source in _sources)
    return f"""
select l.id, coalesce(b.issued_at, b.created_at) at, coalesce(booked.occurred_at, b.created_at) changed_at,
       b.account_id patient_id, b.account_id, b.id bill_id,
       case when b.status = 'void' then 'aborted' else 'billed' end status,
       l.amount_minor, l.currency, l.names, null::bytea sealed,
       '' purpose
  from billing_bill_line l join billing_bill b on b.tenant_id = $1 and b.id = l.bill_id {_BOOKED}
 where l.tenant_id = $1 and b.scenario = 'hospital' and b.status <> 'draft' and {own}
"""


def charge_rows() -> str:
    """Return the SQL of all items that there are."""
    return " union all ".join([_own_lines(), *(source.rows for source in _sources)])


def account_rows() -> str:
    """Return the SQL of all accounts that there are."""
    own = """
select a.id, a.created_at at, a.id patient_id, a.number, a.name, case when a.is_active then 'active' else 'inactive' end
       status, a.created_at starts_at, null::timestamptz ends_at
  from tenants_account a where a.tenant_id = $1 and a.kind = 'patient'
"""
    return " union all ".join([own, *_accounts])


_INVOICES = f"""
select b.id, coalesce(b.issued_at, b.created_at) at, coalesce(booked.occurred_at, b.created_at) changed_at,
       b.account_id patient_id, b.number, b.currency, b.total_minor, b.adjusted_minor, b.held_until, b.status state,
       {case("b.status", BILLS)} status
  from billing_bill b {_BOOKED}
 where b.tenant_id = $1 and b.scenario = 'hospital' and b.status <> 'draft'
"""
_LINES = "select c.* from ({rows}) c where c.bill_id = any ($2) order by c.at, c.id"


async def lines_of(tenant_id: UUID, found: Sequence[Row]) -> Mapping[UUID, list[Row]]:
    """Return the items of a page of bills."""
    there: dict[UUID, list[Row]] = {one["id"]: [] for one in found}
    for line in await rows(_LINES.format(rows=charge_rows()), tenant_id, list(there)):
        there[line["bill_id"]].append(line)
    return there


def _charge(server: Server, row: Row, more: Any) -> dict[str, Any]:
    del more
    return {
        "status": row["status"],
        "code": {"text": _what(server, row)},
        "subject": to("Patient", row["patient_id"]),
        "occurrenceDateTime": instant(row["at"]),
        "priceOverride": money(row["amount_minor"], row["currency"]),
        "account": [to("Account", row["account_id"])],
        "supportingInformation": [to("Invoice", row["bill_id"])] if row["bill_id"] else None,
    }


def _what(server: Server, row: Row) -> str:
    """Return what an item is; of what was ordered, only to whom the hospital opened its records."""
    if row["names"] is not None:
        names: dict[str, str] = json.loads(row["names"])
        return names.get("en") or next(iter(names.values()), "")
    if row["sealed"] is None or not server.tells_clinical:
        return "Ordered by the hospital"
    return runtime().decrypt(row["purpose"], bytes(row["sealed"]))


def _invoice(server: Server, row: Row, lines: Sequence[Row] | None) -> dict[str, Any]:
    left = money(row["total_minor"] - row["adjusted_minor"], row["currency"])
    return {
        "identifier": [{"system": server.system("bill"), "value": row["number"]}],
        "status": row["status"],
        "subject": to("Patient", row["patient_id"]),
        "date": instant(row["at"]),
        "issuer": to("Organization", server.tenant_id, server.name),
        "account": to("Account", row["patient_id"]),
        "lineItem": [_line(n, line) for n, line in enumerate(lines or (), start=1)] or None,
        "totalPriceComponent": _whole(row, lines or ()),
        "totalNet": left,
        "totalGross": left,
        "paymentTerms": _terms(server, row),
    }


def _whole(row: Row, lines: Sequence[Row]) -> list[dict[str, Any]] | None:
    """Return how the items come to the total where something bears or lets off a part; nothing where they are it."""
    items, total = sum(one["amount_minor"] for one in lines), row["total_minor"] - row["adjusted_minor"]
    if items == total or not lines:
        return None
    parts = (("base", items), ("deduction", total - items))
    return [{"type": kind, "amount": money(amount, row["currency"])} for kind, amount in parts]


def _line(number: int, row: Row) -> dict[str, Any]:
    price = {"type": "base", "amount": money(row["amount_minor"], row["currency"])}
    return {"sequence": number, "chargeItemReference": to("ChargeItem", row["id"]), "priceComponent": [price]}


def _terms(server: Server, row: Row) -> str | None:
    """Return where what is held is paid, and until when."""
    if row["held_until"] is None or row["state"] != "issued":
        return None
    return f"Held until {instant(row['held_until'])}: {pay_links.make_url(server.tenant_id, row['id'])}"


def _account(server: Server, row: Row, more: Any) -> dict[str, Any]:
    del more
    span = {
        "start": instant(row["starts_at"]),
        **({"end": instant(row["ends_at"])} if row["ends_at"] else {}),
    }
    return {
        "identifier": [{"system": server.system("account"), "value": row["number"]}],
        "status": row["status"],
        "type": concept(ACT, "PBILLACCT", "patient billing account"),
        "name": row["name"],
        "subject": [to("Patient", row["patient_id"])],
        "servicePeriod": span,
        "owner": to("Organization", server.tenant_id, server.name),
    }


def charge_kind() -> Kind:
    """Return ChargeItem with everything that there is to tell of."""
    return Kind(
        "ChargeItem",
        charge_rows(),
        _charge,
        (
            *of_patient("ChargeItem"),
            named(
                "ChargeItem", "account", "reference", {"Account": "account_id"}, "The account that owes it"
            ),
            named("ChargeItem", "occurrence", "date", {"": "at"}, "When it was charged"),
        ),
        scope="bills",
        of_patients=True,
    )


_STATUS = "http://hl7.org/fhir/invoice-status"
INVOICE = Kind(
    "Invoice",
    _INVOICES,
    _invoice,
    (
        *of_patient("Invoice"),
        named("Invoice", "account", "reference", {"Account": "patient_id"}, "The account that owes it"),
        named("Invoice", "date", "date", {"": "at"}, "When it was issued"),
        named("Invoice", "status", "token", {"": "status"}, "How it stands", system=_STATUS),
        named("Invoice", "identifier", "token", {"": "number"}, "The bill's number", ids="bill"),
    ),
    scope="bills",
    of_patients=True,
    more=lines_of,
)


def account_kind() -> Kind:
    """Return Account with everything that there is to tell of."""
    system = "http://hl7.org/fhir/account-status"
    return Kind(
        "Account",
        account_rows(),
        _account,
        (
            *of_patient("Account"),
            named("Account", "status", "token", {"": "status"}, "How it stands", system=system),
            named("Account", "identifier", "token", {"": "number"}, "The patient's number", ids="account"),
        ),
        scope="accounts",
        of_patients=True,
        is_undated=True,
    )
