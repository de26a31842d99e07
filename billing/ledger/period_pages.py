"""Months of the books: what was booked in each, which are closed, and closing and opening them by two people."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import Response

from billing.ledger import asking
from billing.ledger import periods as service
from billing.ledger.reading import midnight
from billing.models import Period
from billing.names import Month as MonthWords
from tenants.actor import Actor
from tenants.days import today_of
from tenants.http import path_id
from tenants.planning import in_bulk
from tenants.scope import rows, tenant_id
from ui.errors import Conflict, Invalid
from ui.exports import export, wants_export
from ui.fields import Month
from ui.flash import Flash
from ui.forms import Form, bind
from ui.i18n import N_, Text, t
from ui.render import redirect, respond
from ui.shell import Tone
from ui.tables import Column

STATE_WORDS: dict[str, Text] = {
    "open": t("Not closed yet"),
    "closing": t("To be closed"),
    "closed": t("Books closed"),
    "reopening": t("To be opened again"),
}
STATE_TONES: dict[str, Tone] = {"closing": "warning", "closed": "success", "reopening": "warning"}
_MONEY = "p.ledger like 'clearing:%' and p.ledger <> 'clearing:wallet'"
"""Where money from outside is booked; fees and payouts leave there too, and nobody has paid or got back those."""
_MONTHS = f"""
select date_trunc('month', e.occurred_at at time zone $4)::date as month, p.currency,
       count(distinct e.id)::bigint entries,
       coalesce(-sum(p.amount_minor) filter (where p.ledger like 'income:%'), 0)::bigint income_minor,
       coalesce(sum(p.amount_minor) filter (where {_MONEY} and e.kind = 'payment.succeeded'), 0)::bigint in_minor,
       coalesce(-sum(p.amount_minor) filter (where {_MONEY} and e.kind in ('refund.succeeded', 'refund.bounced')),
                0)::bigint out_minor
  from billing_entry e join billing_posting p on p.tenant_id = e.tenant_id and p.entry_id = e.id
 where e.tenant_id = $1 and e.occurred_at >= $2 and e.occurred_at < $3
 group by 1, 2 order by 1 desc, 2
"""
_FIGURES = ("entries", "income_minor", "in_minor", "out_minor")


class Closing(BaseModel):
    """Which month."""

    month: Month = Field(title=N_("Month"))


class Reason(BaseModel):
    """Why."""

    reason: str = Field("", title=N_("Why"), max_length=500)


def _columns(root: str) -> tuple[Column, ...]:
    return (
        Column(
            "month",
            t("Month"),
            format="month",
            is_main=True,
            href=lambda row: f"{root}/ledger/periods/{row['id']}" if row["id"] else None,
        ),
        Column("entries", t("Entries"), format="number"),
        Column("income_minor", t("Billed"), format="amount"),
        Column("in_minor", t("Money in"), format="amount"),
        Column("out_minor", t("Money back"), format="amount"),
        Column("state", t("State"), format="badge", words=STATE_WORDS, tones=STATE_TONES),
        Column("decided_by_name", t("Decided by")),
    )


async def periods(request: Request, actor: Actor) -> Response:
    """The months of a year with what was booked in each, and asking for the next one to be closed."""
    return await _page(request, actor, Form.blank(Closing, {"month": await _next(actor)}))


async def _next(actor: Actor) -> str:
    """Return the month that could be asked for next, as the field takes it; empty where none is, or one waits."""
    zone, locked = actor.place["timezone"], Period.filter(tenant_id=actor.tenant_id, is_locked=True)
    last = await locked.order_by("-month").first()
    found = service.month_after(last.month) if last else await service.first_month(tenant_id(), zone)
    if found is None or midnight(service.month_after(found), zone) + service.MARGIN > datetime.now(UTC):
        return ""
    waits = await Period.filter(tenant_id=actor.tenant_id, month=found, status="closing").exists()
    return "" if waits else f"{found:%Y-%m}"


async def _page(request: Request, actor: Actor, form: Form[Closing], status: int = 200) -> Response:
    root, year = asking.root_of(actor), _year(request, actor)
    found = await _months(actor, year)
    columns = _columns(root)
    if wants_export(request):
        return await export(request, columns, found, f"months-{year}")
    currencies = sorted({each["currency"] for each in found})
    more = {
        "year": year,
        "years": await _years(actor, year),
        "tables": [(c, mine := [m for m in found if m["currency"] == c], _sums(mine)) for c in currencies],
        "columns": columns,
        "form": form,
        "may_close": actor.may("periods.close"),
        "waiting": await Period.filter(tenant_id=actor.tenant_id, status__in=["closing", "reopening"]),
        "month_of": MonthWords,
        "words": STATE_WORDS,
    }
    context = asking.context(actor, "/periods", **more)
    return await respond(request, "billing/ledger/periods.html", context, status=status)


def _year(request: Request, actor: Actor) -> int:
    asked = request.query_params.get("year", "")
    this = today_of(actor).year
    return int(asked) if asked.isascii() and asked.isdecimal() and 1970 < int(asked[:5]) <= this else this  # noqa: PLR2004


async def _years(actor: Actor, year: int) -> list[int]:
    first = await service.first_month(tenant_id(), actor.place["timezone"])
    return list(range(today_of(actor).year, min(first.year if first else year, year) - 1, -1))


async def _months(actor: Actor, year: int) -> list[dict[str, Any]]:
    zone = actor.place["timezone"]
    ends = [midnight(date(y, 1, 1), zone) for y in (year, year + 1)]
    asked = {p.month: p for p in await Period.filter(tenant_id=actor.tenant_id)}
    async with in_bulk():
        found = await rows(_MONTHS, tenant_id(), *ends, zone)
    return [{**dict(each), **_state(asked.get(each["month"]))} for each in found]


def _state(period: Period | None) -> dict[str, Any]:
    if period is None:
        return {"id": None, "state": "open", "decided_by_name": ""}
    decided = period.decided_by_name if period.is_locked else ""
    return {"id": period.id, "state": period.status, "decided_by_name": decided}


def _sums(months: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    return {name: sum(each[name] for each in months) for name in _FIGURES}


async def ask(request: Request, actor: Actor) -> Response:
    """Ask for a month to be closed."""
    form = await bind(request, Closing)
    if form.is_valid:
        try:
            made = await service.ask_closing(actor, form.ok.month)
        except (Invalid, Conflict) as refused:
            form.fail_with(refused)
        else:
            flash = Flash(t("Another person has to agree now."), tone="info")
            return redirect(request, f"{asking.root_of(actor)}/ledger/periods/{made.id}", flash=flash)
    return await _page(request, actor, form, status=422)


async def period(request: Request, actor: Actor) -> Response:
    """One month: who asked for what, who decided, and deciding it."""
    found = await service.get(actor, path_id(request))
    return await _one(request, actor, found, Form.blank(Reason))


async def _one(
    request: Request, actor: Actor, found: Period, form: Form[Reason], status: int = 200
) -> Response:
    is_waiting = found.status in {"closing", "reopening"}
    is_own = found.asked_by == actor.person_id
    last = await Period.filter(tenant_id=actor.tenant_id, is_locked=True).order_by("-month").first()
    more = {
        "period": found,
        "month": MonthWords(found.month),
        "form": form,
        "words": STATE_WORDS,
        "tones": STATE_TONES,
        "is_waiting": is_waiting,
        "is_own": is_own,
        "may_decide": is_waiting and not is_own and actor.may("periods.close"),
        "may_reopen": found.status == "closed"
        and actor.may("periods.close")
        and last
        and last.id == found.id,
        "last_day": service.month_after(found.month) - timedelta(days=1),
    }
    context = asking.context(actor, "/periods", **more)
    return await respond(request, "billing/ledger/period.html", context, status=status)


async def ask_reopening(request: Request, actor: Actor) -> Response:
    """Ask for a closed month to be opened again."""
    return await _act(request, actor, "reopening", t("Another person has to agree now."))


async def approval(request: Request, actor: Actor) -> Response:
    """Agree to what somebody else has asked."""
    found = await service.get(actor, path_id(request))
    text = t("The month is closed.") if found.status == "closing" else t("The month is open again.")
    return await _act(request, actor, "approval", text)


async def rejection(request: Request, actor: Actor) -> Response:
    """Refuse what somebody else has asked."""
    return await _act(request, actor, "rejection", t("The month stays as it was."))


async def _act(request: Request, actor: Actor, act: str, said: Text) -> Response:
    found, form = await service.get(actor, path_id(request)), await bind(request, Reason)
    if form.is_valid:
        reason = form.ok.reason
        try:
            if act == "approval":
                await service.approve(actor, found.id)
            elif act == "rejection":
                await service.reject(actor, found.id, reason)
            else:
                await service.ask_reopening(actor, found.id, reason)
        except Invalid as refused:
            form.fail_with(refused)
        except Conflict as refused:
            form.fail("", refused.message)
        else:
            return redirect(request, f"{asking.root_of(actor)}/ledger/periods/{found.id}", flash=said)
    return await _one(request, actor, found, form, status=422)
