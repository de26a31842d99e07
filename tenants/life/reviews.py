"""Looking at an institution again: who is due, what came of it, and when the next time is.

What changes nothing is one person's act. Another grade of risk is asked for, and decided by somebody else.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from pydantic import BaseModel, Field

from tenants import audit
from tenants.actor import Actor
from tenants.banks.reach import bank_of
from tenants.days import today_at_bank
from tenants.ids import new_id
from tenants.life import services
from tenants.life.kinds import KINDS, Kind, add_kind
from tenants.models import BankRequest, Tenant, TenantReview
from tenants.onboarding.gate import tenant_of
from tenants.onboarding.queries import BELOW
from tenants.scope import rows, value
from tenants.search import containing
from ui.errors import Conflict, Invalid
from ui.fields import Day
from ui.i18n import N_, t
from ui.tables import TableQuery

RISKS: Mapping[str, str] = {"low": N_("Low"), "standard": N_("Ordinary"), "high": N_("High")}
OUTCOMES: Mapping[str, str] = {
    "in_order": N_("Everything is in order"),
    "mended": N_("Something was missing and is mended"),
    "watched": N_("Something is open; looked at sooner"),
}
AHEAD = timedelta(days=30)
LONGEST = timedelta(days=5 * 366)
REVIEWED = ("live", "suspended")


class RiskForm(BaseModel):
    """Another grade of risk, and when it is looked at next."""

    risk: str = Field(title=N_("Grade of risk"))
    next_on: Day = Field(title=N_("Looked at again on"))


@dataclass(frozen=True, slots=True)
class Review:
    """What came of looking at an institution."""

    outcome: str
    risk: str
    next_on: date
    note: str


def _freeze(form: BaseModel) -> dict[str, Any]:
    return form.model_dump(mode="json")


async def _regrade(actor: Actor, tenant: Tenant, request: BankRequest) -> None:
    """Take over the grade and the day that two people agree on."""
    del actor
    tenant.risk, tenant.review_on = request.facts["risk"], date.fromisoformat(request.facts["next_on"])


RISK = Kind(
    "risk", N_("Change the grade of risk"), N_("A higher grade is looked at more often."), RiskForm,
    frozenset(REVIEWED), _freeze, lambda tenant: {"risk": tenant.risk}, _regrade,
)  # fmt: skip
add_kind(RISK)


async def record(actor: Actor, tenant: Tenant, given: Review) -> BankRequest | None:
    """Write down that an institution was looked at; another grade of risk comes back as a request for somebody else.

    Raises:
        Invalid: no outcome, or a next day that is over or years away.
        Conflict: it is not looked at as it stands.
    """
    actor.require("tenants.write")
    actor.require_fresh()
    tenant = await tenant_of(actor, tenant.id)
    _check(tenant, given, await today_at_bank(tenant.bank_id))
    asked = None
    if given.risk != tenant.risk:
        form = RiskForm(risk=given.risk, next_on=given.next_on)
        asked = await services.ask(actor, tenant.id, KINDS["risk"], form, given.note)
    else:
        await Tenant.filter(bank_id=tenant.bank_id, id=tenant.id).update(review_on=given.next_on)
    await TenantReview.create(
        id=new_id(), bank_id=tenant.bank_id, tenant_id=tenant.id, outcome=given.outcome, note=given.note,
        risk_before=tenant.risk, risk_after=given.risk, next_on=given.next_on,
        request_id=asked.id if asked else None, reviewed_by=actor.person_id, reviewed_by_name=actor.name[:100],
    )  # fmt: skip
    await audit.record(
        actor,
        "tenant.reviewed",
        subject_kind="tenant",
        subject_id=tenant.id,
        subject_label=tenant.name,
        before={"risk": tenant.risk, "review_on": str(tenant.review_on or "")},
        after={
            "outcome": given.outcome,
            "risk": given.risk,
            "review_on": str(given.next_on),
            "note": given.note,
        },
        tenant_id=tenant.id,
    )
    return asked


def _check(tenant: Tenant, given: Review, now: date) -> None:
    if tenant.status not in REVIEWED:
        raise Conflict("review.state", t("This is not possible for the institution as it stands."))
    if given.outcome not in OUTCOMES or given.risk not in RISKS:
        choose, field = t("Choose from the list."), "outcome" if given.outcome not in OUTCOMES else "risk"
        raise Invalid("review.choice", choose, fields={field: choose})
    if not now < given.next_on <= now + LONGEST:
        text = t("Choose a day ahead, within five years.")
        raise Invalid("review.next", text, fields={"next_on": text})


_WHERE = (
    "t.bank_id = $1 and t.branch_id in (select id from below) and t.status in ('live', 'suspended')"
    " and not t.is_sandbox"
    " and ($3 = '' or t.name ilike $3) and ($4 = '' or t.risk = $4)"
    " and ($5 = 'all' or t.review_on <= (select bank_day_of($1)) + 30)"
)
_PAPERS = (
    "(select count(*) from tenants_document_request d where d.bank_id = $1 and d.tenant_id = t.id"
    " and d.met_at is null)::int papers"
)


def _args(actor: Actor, query: TableQuery) -> tuple[Any, ...]:
    words = containing(query.q)
    return bank_of(actor), list(actor.branches), words, query.get("risk"), query.get("due")


async def due(actor: Actor, query: TableQuery, *, most: int = 0) -> list[Any]:
    """Return institutions to look at within a month (or all), the longest overdue first."""
    return await rows(
        f"{BELOW} select t.id, t.name, t.risk, t.status, t.review_on, t.manager_name, b.name branch, {_PAPERS},"
        " t.review_on < (select bank_day_of($1)) is_late"
        " from tenants_tenant t join tenants_branch b on b.id = t.branch_id"
        f" where {_WHERE} order by t.review_on nulls last, t.id limit $6 offset $7",
        *_args(actor, query),
        most or query.limit,
        0 if most else query.offset,
    )


async def count_due(actor: Actor, query: TableQuery) -> int:
    """Return how many there are."""
    return int(
        await value(f"{BELOW} select count(*) from tenants_tenant t where {_WHERE}", *_args(actor, query))
    )


async def of_tenant(tenant: Tenant) -> list[TenantReview]:
    """Return how an institution was looked at so far, the latest first."""
    return await TenantReview.filter(bank_id=tenant.bank_id, tenant_id=tenant.id).order_by("-id").limit(20)
