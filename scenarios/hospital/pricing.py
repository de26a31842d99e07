"""What a visit costs, and what is kept of it when it is cancelled: the hospital's fee rules, applied."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Any
from uuid import UUID

from billing.charges.quoting import Priced, Quote, priced
from billing.rules import Facts
from billing.rules.currency import as_decimal
from scenarios.hospital.days import WEEKEND, local
from scenarios.hospital.kinds import SCENARIO_KEY
from scenarios.hospital.models import Appointment
from scenarios.hospital.tariff import CANCELLATION, REGISTRATION
from tenants.models import Account
from tenants.scope import value

_LAST_SEEN = """
select max(day) from hospital_appointment
 where tenant_id = $1 and account_id = $2 and service_id = $3 and status = 'fulfilled' and day <= $4
"""
HOUR = timedelta(hours=1)
FARTHEST = 14 * 24
"""Hours before an appointment within which the steps of the cancellation rule are looked for."""


@dataclass(frozen=True, slots=True)
class Step:
    """Cancelled until ``until`` (none: later than all others), so much goes back, in minor units."""

    until: datetime | None
    back_minor: int


async def price_of(account: Account, session: Mapping[str, Any], *, visit: str, zone: str) -> Quote:
    """Return the registration fee of a patient for a session (a row with its doctor's ``title``).

    Raises:
        Conflict: the hospital has not set this price.
    """
    last = await value(_LAST_SEEN, account.tenant_id, account.id, session["service_id"], session["day"])
    return await quoted(account, session, visit=visit, zone=zone, last=last)


async def quoted(
    account: Account, session: Mapping[str, Any], *, visit: str, zone: str, last: date | None
) -> Quote:
    """Return the registration fee of a patient who was last seen there on the day ``last``.

    Raises:
        Conflict: the hospital has not set this price.
    """
    facts = Facts(
        {
            "title": session["title"],
            "is_insured": bool(account.attributes.get("is_insured")),
            "part": session["part"],
            "visit": visit,
            "is_weekend": local(session["starts_at"], zone).weekday() >= WEEKEND,
            "days_since": (session["day"] - last).days if last else None,
        }
    )
    found = await priced(account.tenant_id, scenario=SCENARIO_KEY, key=REGISTRATION, on=session["day"])
    return found.quote(facts)


async def kept_of(found: Appointment, *, now: datetime | None = None) -> int:
    """Return what the hospital keeps when the patient cancels now, in minor units, never more than was paid."""
    if not found.price_minor or found.has_full_refund:
        return 0
    rule = await _cancelling(found.tenant_id, found.day)
    hours = (found.starts_at - (now or datetime.now(UTC))) / HOUR
    return _kept(rule, found.price_minor, found.currency, hours)


async def _cancelling(tenant_id: UUID, day: date) -> Priced:
    return await priced(tenant_id, scenario=SCENARIO_KEY, key=CANCELLATION, on=day)


def _kept(rule: Priced, price_minor: int, currency: str, hours: float) -> int:
    facts = Facts(
        {"hours_before": Decimal(f"{max(hours, 0):.4f}"), "price": as_decimal(price_minor, currency)}
    )
    return min(rule.quote(facts).amount_minor, price_minor)


@lru_cache(maxsize=2048)
def _back(rule: Priced, price_minor: int, currency: str, left: int) -> tuple[int, ...]:
    """Return what a rule gives back by whole hours before; the same rule says so to everybody who looks."""
    return tuple(price_minor - _kept(rule, price_minor, currency, hours) for hours in range(left + 1))


async def steps_of(
    tenant_id: UUID, *, price_minor: int, currency: str, starts_at: datetime, day: date
) -> Sequence[Step]:
    """Return what goes back by when an appointment is cancelled, from now on: the rule as the patient reads it."""
    if not price_minor:
        return ()
    rule = await _cancelling(tenant_id, day)
    left = min(int((starts_at - datetime.now(UTC)) / HOUR), FARTHEST)
    back = _back(rule, price_minor, currency, max(left, 0))
    steps = [Step(None, back[0])]
    for hours in range(1, len(back)):
        if back[hours] != steps[-1].back_minor:
            steps.append(Step(starts_at - HOUR * hours, back[hours]))
    return tuple(reversed(steps))


async def tenant_zone(tenant_id: UUID) -> str:
    """Return the hospital's time zone."""
    return str(await value("select timezone from tenants_tenant where id = $1", tenant_id))
