"""Money as apps read and hear of it: handed to the open API here, since it may not know billing.

One statement for each list, with every fact under the scope that it belongs to.
"""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from billing.payments.states import RECEIVED_SQL
from integrations.apps.resources import Heard, Query, Resource, Told, add_resource, tell_of
from tenants.scope import row, tenant_id

_LINES = """
(select coalesce(jsonb_agg(jsonb_build_object('names', l.names, 'amount_minor', l.amount_minor)
          order by l.position), '[]')
   from billing_bill_line l where l.tenant_id = b.tenant_id and l.bill_id = b.id)
"""
_ACCOUNT = "jsonb_build_object('number', b.account_number, 'name', b.account_name, 'place', b.place)"
_BILLS = f"""
select b.id, jsonb_build_object(
         'bills', jsonb_build_object('id', b.id, 'number', b.number, 'kind', b.kind, 'period', b.period,
           'due_on', b.due_on, 'currency', b.currency, 'total_minor', b.total_minor, 'paid_minor', b.paid_minor,
           'adjusted_minor', b.adjusted_minor, 'status', b.status, 'issued_at', b.issued_at, 'lines', {_LINES}),
         'accounts', jsonb_build_object('account', {_ACCOUNT})) facts
  from billing_bill b where b.tenant_id = $1 and b.status <> 'draft'
"""
BILLS = Query(_BILLS, "b.id", {"number": "b.number", "status": "b.status"})
_OF_PAYMENT = """
(select coalesce(jsonb_agg(jsonb_build_object('id', x.bill_id, 'number', b.number, 'amount_minor', x.amount_minor,
          'lines', x.lines)), '[]')
   from (select bill_id, sum(amount)::bigint amount_minor,
                jsonb_agg(jsonb_build_object('names', names, 'amount_minor', amount) order by position) lines
           from (select a.bill_id, l.names, l.position, sum(a.amount_minor)::bigint amount
                   from billing_allocation a
                   join billing_bill_line l on l.tenant_id = a.tenant_id and l.id = a.bill_line_id
                  where a.tenant_id = p.tenant_id and a.payment_id = p.id and a.refund_id is null
                  group by a.bill_id, l.id, l.names, l.position) parts group by bill_id) x
   join billing_bill b on b.tenant_id = p.tenant_id and b.id = x.bill_id)
"""
_WHOSE = """
(select coalesce(jsonb_agg(distinct jsonb_build_object('number', b.account_number, 'name', b.account_name)), '[]')
   from billing_allocation a join billing_bill b on b.tenant_id = a.tenant_id and b.id = a.bill_id
  where a.tenant_id = p.tenant_id and a.payment_id = p.id)
"""
_PAYMENTS = f"""
select p.id, jsonb_build_object(
         'payments', jsonb_build_object('id', p.id, 'number', p.number, 'currency', p.currency,
           'amount_minor', p.amount_minor, 'refunded_minor', p.refunded_minor, 'status', p.status,
           'channel', p.channel, 'paid_at', p.succeeded_at),
         'bills', jsonb_build_object('bills', {_OF_PAYMENT}),
         'accounts', jsonb_build_object('accounts', {_WHOSE})) facts
  from billing_payment p
 where p.tenant_id = $1 and p.status in {RECEIVED_SQL}
"""
PAYMENTS = Query(_PAYMENTS, "p.id", {"number": "p.number", "status": "p.status"})
_REFUND = """
select r.id, r.number, r.currency, r.amount_minor, r.succeeded_at, p.id payment_id, p.number payment_number
  from billing_refund r join billing_payment p on p.tenant_id = r.tenant_id and p.id = r.payment_id
 where r.tenant_id = $1 and r.id = $2
"""
TEXT, NUMBER = {"type": "string"}, {"type": "integer"}
LIST: dict[str, Any] = {"type": "array", "items": {"type": "object"}}


async def bill(bill_id: UUID, sector: str) -> Told | None:
    """Return one bill."""
    del sector
    return await BILLS.one(bill_id)


async def payment(payment_id: UUID, sector: str) -> Told | None:
    """Return one payment."""
    del sector
    return await PAYMENTS.one(payment_id)


async def _paid(payload: Mapping[str, Any], sector: str) -> Heard | None:
    facts = await payment(UUID(payload["payment_id"]), sector)
    return Heard(payload["payment_id"], facts) if facts else None


async def _refunded(payload: Mapping[str, Any], sector: str) -> Heard | None:
    found = await row(_REFUND, tenant_id(), UUID(payload["refund_id"]))
    if found is None:
        return None
    told: dict[str, Any] = {k: str(v) if isinstance(v, UUID) else v for k, v in dict(found).items()}
    told.pop("succeeded_at")
    told["refunded_at"] = found["succeeded_at"].isoformat() if found["succeeded_at"] else None
    facts = await payment(found["payment_id"], sector) or {}
    parts = {scope: part for scope, part in facts.items() if scope != "payments"}
    return Heard(str(found["id"]), {"payments": told, **parts})


async def _issued(payload: Mapping[str, Any], sector: str) -> Heard | None:
    del sector
    told = {key: payload[key] for key in ("run_id", "bill_id", "period") if key in payload}
    return Heard(str(payload.get("run_id") or payload.get("bill_id")), {"bills": told})


async def _voided(payload: Mapping[str, Any], sector: str) -> Heard | None:
    del sector
    return Heard(payload["bill_id"], {"bills": {"bill_id": payload["bill_id"]}})


def offer() -> None:
    """Hand money's resources and events to the open API and the webhooks; safe to call again."""
    add_resource(
        Resource(
            name="bills",
            scope="bills",
            summary="Bills that were issued, with their lines",
            schema={
                "bills": dict.fromkeys(
                    ("id", "number", "kind", "period", "due_on", "currency", "status"), TEXT
                )
                | dict.fromkeys(("total_minor", "paid_minor", "adjusted_minor"), NUMBER)
                | {"issued_at": TEXT, "lines": LIST},
                "accounts": {"account": {"type": "object"}},
            },
            page=BILLS.page,
            one=bill,
            filters=("number", "status"),
        )
    )
    add_resource(
        Resource(
            name="payments",
            scope="payments",
            summary="Payments that came in, with the bills they paid",
            schema={
                "payments": dict.fromkeys(("id", "number", "currency", "status", "channel", "paid_at"), TEXT)
                | dict.fromkeys(("amount_minor", "refunded_minor"), NUMBER),
                "bills": {"bills": LIST},
                "accounts": {"accounts": LIST},
            },
            page=PAYMENTS.page,
            one=payment,
            filters=("number", "status"),
        )
    )
    for event, reader in _EVENTS.items():
        tell_of(event, reader)


_EVENTS = {
    "payment.succeeded": _paid,
    "refund.succeeded": _refunded,
    "bills.issued": _issued,
    "bill.voided": _voided,
}
