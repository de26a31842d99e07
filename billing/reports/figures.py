"""The figures a manager steers by: what was billed, what came in, what is owed and for how long.

Each is one statement over the tenant's own rows; days are days in the tenant's zone.
"""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from uuid import UUID

from billing.trial.opening import TRIAL_PAYMENTS
from tenants.scope import row, rows

OWED = "('issued', 'part_paid')"
COUNTED = "('issued', 'part_paid', 'paid', 'written_off')"
AGES = (0, 30, 60, 90)
"""Upper ends, in days past due, of the age bands; the last band is open."""


@dataclass(frozen=True, slots=True)
class Collection:
    """What was billed for one month, less adjustments, and how much of it has come in."""

    period: date
    bill_count: int
    billed_minor: int
    paid_minor: int
    currency: str

    @property
    def share(self) -> Decimal:
        """Part collected, 0 to 1; a month without bills counts as 0."""
        return Decimal(self.paid_minor) / self.billed_minor if self.billed_minor else Decimal(0)

    @property
    def owed_minor(self) -> int:
        """What is still owed."""
        return self.billed_minor - self.paid_minor


@dataclass(frozen=True, slots=True)
class Takings:
    """What came in on one day by channel, refunds of that day taken off separately."""

    day: date
    stripe_minor: int
    bank_minor: int
    counter_minor: int
    refunded_minor: int
    payment_count: int
    currency: str

    @property
    def total_minor(self) -> int:
        """All channels together, before refunds."""
        return self.stripe_minor + self.bank_minor + self.counter_minor


@dataclass(frozen=True, slots=True)
class Arrears:
    """What one place owes, by days past due; ``place`` is a building, a class, a ward."""

    place: str
    account_count: int
    not_due_minor: int
    to_30_minor: int
    to_60_minor: int
    to_90_minor: int
    over_90_minor: int
    currency: str

    @property
    def overdue_minor(self) -> int:
        """All that is past its due day."""
        return self.to_30_minor + self.to_60_minor + self.to_90_minor + self.over_90_minor


@dataclass(frozen=True, slots=True)
class Totals:
    """The tenant at a glance."""

    account_count: int
    unconfirmed_count: int
    overdue_count: int
    overdue_minor: int
    today_minor: int
    suspense_count: int
    refund_count: int


async def collection(tenant_id: UUID, currency: str, *, months: int = 6) -> list[Collection]:
    """Return the latest billed months, oldest first."""
    found = await rows(
        "select period, count(*) bill_count, sum(total_minor - adjusted_minor)::bigint billed,"
        " sum(paid_minor)::bigint paid"
        f" from billing_bill where tenant_id = $1 and status in {COUNTED} and currency = $2 and held_until is null"
        " group by period order by period desc limit $3",
        tenant_id,
        currency,
        months,
    )
    return [
        Collection(r["period"], r["bill_count"], r["billed"], r["paid"], currency) for r in reversed(found)
    ]


async def takings(tenant_id: UUID, currency: str, zone: str, *, days: int = 30) -> list[Takings]:
    """Return the last ``days`` days, oldest first, days without money included."""
    found = await rows(
        f"""
        with span as (select generate_series(day_in($3) - ($4::int - 1),
                                             day_in($3), '1 day')::date as day),
        paid as (
          select (succeeded_at at time zone $3)::date as day, count(*) filter (where channel <> 'wallet') n,
                 coalesce(sum(amount_minor) filter (where channel = 'stripe'), 0)::bigint stripe,
                 coalesce(sum(amount_minor) filter (where channel = 'bank'), 0)::bigint bank,
                 coalesce(sum(amount_minor) filter (where channel = 'counter'), 0)::bigint counter
            from billing_payment where tenant_id = $1 and currency = $2 and id not in ({TRIAL_PAYMENTS})
             and succeeded_at >= (day_in($3) - ($4::int - 1))::timestamp at time zone $3
           group by 1),
        refunded as (
          select (succeeded_at at time zone $3)::date as day, sum(amount_minor)::bigint amount
            from billing_refund where tenant_id = $1 and currency = $2 and status = 'succeeded'
             and payment_id not in ({TRIAL_PAYMENTS})
             and succeeded_at >= (day_in($3) - ($4::int - 1))::timestamp at time zone $3
             and not exists (select 1 from billing_payment p where p.tenant_id = $1 and p.id = payment_id
                                and p.channel = 'wallet')
           group by 1)
        select span.day, coalesce(stripe, 0) stripe, coalesce(bank, 0) bank, coalesce(counter, 0) counter,
               coalesce(refunded.amount, 0) refunded, coalesce(n, 0) n
          from span left join paid using (day) left join refunded using (day) order by span.day
        """,
        tenant_id,
        currency,
        zone,
        days,
    )
    return [
        Takings(r["day"], r["stripe"], r["bank"], r["counter"], r["refunded"], r["n"], currency)
        for r in found
    ]


async def arrears_by_place(tenant_id: UUID, currency: str, today: date, *, most: int = 500) -> list[Arrears]:
    """Return what each place owes, most overdue first."""
    bands = ", ".join(
        f"coalesce(sum(rest) filter (where late {condition}), 0)::bigint {name}"
        for name, condition in (
            ("not_due", "<= 0"),
            ("to_30", "between 1 and 30"),
            ("to_60", "between 31 and 60"),
            ("to_90", "between 61 and 90"),
            ("over_90", "> 90"),
        )
    )
    found = await rows(
        "with owed as (select place, account_id, total_minor - paid_minor - adjusted_minor as rest,"
        " $3::date - due_on as late"
        f" from billing_bill where tenant_id = $1 and currency = $2 and status in {OWED} and held_until is null)"
        f" select place, count(distinct account_id) accounts, {bands}, sum(rest) filter (where late > 0) overdue"
        " from owed group by place order by overdue desc nulls last, place limit $4",
        tenant_id,
        currency,
        today,
        most,
    )
    return [
        Arrears(
            r["place"],
            r["accounts"],
            r["not_due"],
            r["to_30"],
            r["to_60"],
            r["to_90"],
            r["over_90"],
            currency,
        )
        for r in found
    ]


async def totals(tenant_id: UUID, currency: str, zone: str) -> Totals:
    """Return the figures of the overview in one statement."""
    found = await row(
        f"""
        with today as (select day_in($3) as day),
        overdue as (select count(*) n, coalesce(sum(total_minor - paid_minor - adjusted_minor), 0)::bigint amount
          from billing_bill, today where tenant_id = $1 and currency = $2 and status in {OWED}
             and due_on < today.day and held_until is null)
        select
          (select count(*) from tenants_account where tenant_id = $1 and is_active) accounts,
          (select count(*) from tenants_holder where tenant_id = $1 and confirmed_at is null) unconfirmed,
          overdue.n overdue_count, overdue.amount overdue,
          (select coalesce(sum(amount_minor), 0)::bigint from billing_payment, today where tenant_id = $1
            and currency = $2 and channel <> 'wallet' and id not in ({TRIAL_PAYMENTS})
            and succeeded_at >= today.day::timestamp at time zone $3) today_minor,
          (select count(*) from billing_suspense where tenant_id = $1 and status = 'open') suspense,
          (select count(*) from billing_refund where tenant_id = $1 and status = 'requested') refunds
        from overdue
        """,
        tenant_id,
        currency,
        zone,
    )
    assert found is not None  # noqa: S101 - an aggregate always has a row
    return Totals(
        found["accounts"],
        found["unconfirmed"],
        found["overdue_count"],
        found["overdue"],
        found["today_minor"],
        found["suspense"],
        found["refunds"],
    )


@dataclass(frozen=True, slots=True)
class Readiness:
    """What a new tenant has done on its way to the first money.

    ``has_rule``: a fee that the template brought in force is not what the institution has yet to decide; while
    drafts wait, one of its own people must have put a rule into force.
    """

    has_accounts: bool
    has_rule: bool
    has_channel: bool
    has_draft: bool
    has_issued: bool
    has_payment: bool
    has_colleagues: bool
    is_leaving: bool


async def readiness(tenant_id: UUID) -> Readiness:
    """Return which first steps are done."""
    found = await row(
        """
        select
          exists (select 1 from tenants_account where tenant_id = $1 and is_active) has_accounts,
          exists (select 1 from billing_fee_rule r join billing_fee_item i
                   on i.tenant_id = r.tenant_id and i.id = r.fee_item_id
                   where r.tenant_id = $1 and r.status = 'active' and i.kind = 'charge'
                     and (not exists (select 1 from billing_fee_rule d where d.tenant_id = $1 and d.status = 'draft')
                       or exists (select 1 from tenants_membership m
                                  where m.tenant_id = $1 and m.person_id = r.activated_by))) has_rule,
          exists (select 1 from billing_settlement_account where tenant_id = $1
                   and (stripe_account <> '' or rail_merchant <> '')) has_channel,
          exists (select 1 from billing_bill_run where tenant_id = $1) has_draft,
          exists (select 1 from billing_bill_run where tenant_id = $1 and status = 'issued') has_issued,
          exists (select 1 from billing_payment where tenant_id = $1 and succeeded_at is not null
                   and status <> 'refunded') has_payment,
          (select count(distinct person_id) from tenants_membership where tenant_id = $1
            and ended_at is null) > 1 has_colleagues,
          exists (select 1 from tenants_tenant where id = $1 and status in ('closing', 'closed')) is_leaving
        """,
        tenant_id,
    )
    assert found is not None  # noqa: S101 - a select of scalars always has a row
    return Readiness(**dict(found))
