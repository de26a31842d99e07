"""The dossier for the court: what an account owes, how it came about, and that its holders were told.

Reminding, agreeing a plan and suing are what the law leaves (Civil Code, article 944); this is the paper for the last.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from billing.charges.printing import issuer_of
from billing.names import localized
from billing.receipts import parts
from billing.receipts.documents import Issuer
from scenarios.community.papers import EstatePaper, Section, draw
from tenants.models import Account, Tenant
from tenants.scope import rows
from ui.formats import amount, date_text, money, month_text, number
from ui.i18n import gettext, use_locale

_BILLS = """
select b.number, b.period, b.due_on, b.issued_at, b.total_minor, b.paid_minor, b.adjusted_minor, b.currency,
       b.total_minor - b.paid_minor - b.adjusted_minor left_minor
  from billing_bill b where b.tenant_id = $1 and b.account_id = $2 and b.status in ('issued', 'part_paid')
   and b.due_on < (select day_of($1)) order by b.due_on, b.number
"""
_LINES = """
select b.number, l.names, l.amount_minor, l.paid_minor, l.adjusted_minor, r.version, l.inputs, l.currency
  from billing_bill_line l join billing_bill b on b.tenant_id = $1 and b.id = l.bill_id
  left join billing_fee_rule r on r.tenant_id = $1 and r.id = l.fee_rule_id
 where l.tenant_id = $1 and l.account_id = $2 and b.status in ('issued', 'part_paid') and b.due_on < (select day_of($1))
 order by b.due_on, b.number, l.position
"""
_READINGS = """
select m.serial, m.kind, r.read_on, r.value, r.usage, r.read_by_name from community_reading r
  join community_meter m on m.tenant_id = $1 and m.id = r.meter_id
  join billing_quantity q on q.tenant_id = $1 and q.source_id = r.id and q.account_id = $2
 where r.tenant_id = $1 and r.status = 'accepted' order by r.read_on, m.serial
"""
_TOLD = """
select n.created_at, n.sent_at, n.channel, n.recipient, n.subject, n.status from tenants_notice n
 where n.tenant_id = $1 and n.account_id = $2 order by n.created_at
"""
_HOLDERS = """
select h.name, h.relation, h.since, h.until from tenants_holder h
 where h.tenant_id = $1 and h.account_id = $2 order by h.created_at, h.id
"""


@dataclass(frozen=True, slots=True)
class Dossier:
    """Everything that the paper shows."""

    issuer: Issuer
    account: Account
    holders: Sequence[Any]
    bills: Sequence[Any]
    lines: Sequence[Any]
    readings: Sequence[Any]
    told: Sequence[Any]
    zone: str


async def document_of(account: Account) -> Dossier:
    """Return what the dossier of an account shows, in the open tenant scope."""
    tenant = await Tenant.get(id=account.tenant_id)
    key = (account.tenant_id, account.id)
    return Dossier(
        issuer=await issuer_of(tenant),
        account=account,
        holders=await rows(_HOLDERS, *key),
        bills=await rows(_BILLS, *key),
        lines=await rows(_LINES, *key),
        readings=await rows(_READINGS, *key),
        told=await rows(_TOLD, *key),
        zone=tenant.timezone,
    )


def render(found: Dossier, locale: str) -> bytes:
    """Return the dossier as a PDF."""
    with use_locale(locale):
        names = ", ".join(one["name"] for one in found.holders)
        return draw(
            EstatePaper(
                found.issuer,
                gettext("Dossier of arrears"),
                found.account.number,
                [(gettext("Holders"), names), (gettext("Place"), found.account.place)],
                _sections(found),
                gettext("Drawn from the books; each amount can be worked out again."),
            )
        )


def _sections(found: Dossier) -> list[Section]:
    sections: list[Section] = []
    if found.bills:
        sections += [_bills(found), _lines(found)]
    if found.readings:
        sections.append(_readings(found))
    sections.append(_told(found))
    return sections


def _bills(found: Dossier) -> Section:
    left = sum(one["left_minor"] for one in found.bills)
    currency = found.bills[0]["currency"]
    columns = [
        parts.Column(gettext("Bill"), 34),
        parts.Column(gettext("Month"), 34),
        parts.Column(gettext("Due"), 34),
        parts.Column(gettext("Amount"), 36, "right"),
        parts.Column(gettext("Still owed"), 36, "right"),
    ]
    cells: list[tuple[str, ...]] = [
        (
            one["number"],
            month_text(one["period"]),
            date_text(one["due_on"]),
            amount(one["total_minor"], currency),
            amount(one["left_minor"], currency),
        )
        for one in found.bills
    ]
    return gettext("Overdue bills: {sum}", sum=money(left, currency)), columns, cells


def _lines(found: Dossier) -> Section:
    columns = [
        parts.Column(gettext("Bill"), 30),
        parts.Column(gettext("Fee"), 44),
        parts.Column(gettext("Worked out from"), 62),
        parts.Column(gettext("Amount"), 38, "right"),
    ]
    cells: list[tuple[str, ...]] = [
        (
            one["number"],
            localized(json.loads(one["names"])),
            _inputs(one),
            amount(one["amount_minor"], one["currency"]),
        )
        for one in found.lines
    ]
    return gettext("How the amounts came about"), columns, cells


def _inputs(line: Any) -> str:
    given = {key: one for key, one in json.loads(line["inputs"]).items() if one is not None}
    facts = ", ".join(
        f"{key.removeprefix('quantity:')} {one}" for key, one in given.items() if "period" not in key
    )
    version = gettext("Rule version {n}", n=line["version"]) if line["version"] else ""
    return "; ".join(filter(None, (facts, version)))


def _readings(found: Dossier) -> Section:
    columns = [
        parts.Column(gettext("Meter"), 40),
        parts.Column(gettext("Read on"), 40),
        parts.Column(gettext("It showed"), 32, "right"),
        parts.Column(gettext("Usage"), 32, "right"),
        parts.Column(gettext("By"), 30),
    ]
    cells: list[tuple[str, ...]] = [
        (
            one["serial"],
            date_text(one["read_on"]),
            number(one["value"].normalize()),
            number(one["usage"].normalize()),
            one["read_by_name"],
        )
        for one in found.readings
    ]
    return gettext("Readings that were billed"), columns, cells


def _told(found: Dossier) -> Section:
    columns = [
        parts.Column(gettext("When"), 36),
        parts.Column(gettext("What"), 62),
        parts.Column(gettext("To"), 44),
        parts.Column(gettext("Delivered"), 32),
    ]
    cells: list[tuple[str, ...]] = [
        (
            date_text(one["created_at"], tz=found.zone),
            one["subject"],
            one["recipient"],
            date_text(one["sent_at"], tz=found.zone) if one["sent_at"] else _undelivered(one["status"]),
        )
        for one in found.told
    ]
    return gettext("What the holders were told"), columns, cells or [("–", gettext("Nothing yet"), "", "")]


def _undelivered(status: str) -> str:
    return gettext("Shown in the product") if status == "shown" else gettext("Not delivered")
