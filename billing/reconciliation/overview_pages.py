"""The overview: each day of a month as the ledger, the channels and the bank see it, and where statements come from."""

from calendar import monthrange
from datetime import date
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, Field
from starlette.requests import Request
from starlette.responses import Response

from billing.lists import uuid_of
from billing.models import SettlementAccount, StatementSource
from billing.reconciliation import accounts, feeds, queries, words
from billing.reconciliation.common import root_of, tabs
from tenants import audit
from tenants.actor import Actor
from tenants.days import today
from tenants.http import path_id
from ui.exports import export, wants_export
from ui.fields import FieldError, MinorAmount, parse_minor
from ui.formats import money
from ui.forms import Form, bind
from ui.i18n import N_, gettext, t
from ui.render import redirect, respond
from ui.tables import Column, added

MOST_BPS = 2_000
ADDED = ("ours_minor", "theirs_minor", "bank_minor", "fee_minor", "breaks")


def month_of(text: str, zone: str) -> date:
    """Return the month an address asks for, or the running one."""
    try:
        return date.fromisoformat(f"{text[:7]}-01")
    except ValueError:
        return today(zone).replace(day=1)


async def account_of(actor: Actor, text: str) -> tuple[SettlementAccount | None, list[SettlementAccount]]:
    """Return the account an address asks for, or the first, and all there are."""
    every = await accounts.accounts(actor)
    wanted = uuid_of(text)
    return next((one for one in every if one.id == wanted), every[0] if every else None), every


def _bps(value: object) -> object:
    """Read a percentage as hundredths of it."""
    text = t("Enter a percentage from 0 to 20 with at most two decimals, like 0.60.")
    try:
        bps = parse_minor(str(value), "USD")
    except FieldError as refused:
        raise FieldError(text) from refused
    if not 0 <= bps <= MOST_BPS:
        raise FieldError(text)
    return bps


class Terms(BaseModel):
    """What the channel has agreed to take of a payment; no percentage where it is not to be held."""

    percent: Annotated[int, BeforeValidator(_bps)] | None = Field(None, title=N_("Agreed fee, in %"))
    fixed: Annotated[int, MinorAmount(allow_zero=True)] = 0


async def overview(request: Request, actor: Actor) -> Response:
    """One month of one settlement account, day by day; or as a file."""
    return await _overview(request, actor, request.query_params.get("account", ""))


async def _overview(
    request: Request,
    actor: Actor,
    wanted: str,
    wrong: StatementSource | None = None,
    form: Form[Terms] | None = None,
) -> Response:
    zone, params = actor.place["timezone"], request.query_params
    account, every = await account_of(actor, wanted)
    month = month_of(params.get("month", ""), zone)
    last = month.replace(day=monthrange(month.year, month.month)[1])
    now = today(zone)
    found = await queries.days(actor, account.id, month, min(last, max(now, month)), zone) if account else []
    currency = account.currency if account else actor.place["currency"]
    if wants_export(request):
        return await export(request, _columns(currency), found, f"reconciliation-{month:%Y-%m}")
    sources = await StatementSource.filter(tenant_id=actor.tenant_id).order_by("kind")
    context = {
        "tabs": tabs(actor, ""),
        "root": root_of(actor),
        "account": account,
        "accounts": [(str(one.id), f"{one.account_mask} · {one.currency}") for one in every],
        "month": f"{month:%Y-%m}",
        "columns": _columns(currency),
        "days": (shown := [day for day in found if _has_something(day)]),
        "totals": added(shown, ADDED, currency, t("Total")),
        "counts": await queries.break_counts(actor),
        "kinds": words.KIND_WORDS,
        "aged": await queries.break_ages(actor),
        "ages": words.AGE_WORDS,
        "clearing": await queries.clearing(actor),
        "channels": words.CHANNELS,
        "sources": [one for one in sources if account and one.settlement_account_id == account.id],
        "names": words.SOURCE_NAMES,
        "may_work": actor.may("reconciliation.work"),
        "currency": currency,
        "form": form,
        "wrong": wrong.id if wrong else None,
    }
    status = 422 if form else 200
    return await respond(
        request, "billing/reconciliation/overview.html", context, block="list", status=status
    )


def _has_something(day: Any) -> bool:
    return bool(day["ours_minor"] or day["has_channel"] or day["expected_minor"] or day["breaks"])


def _columns(currency: str) -> tuple[Column, ...]:
    def shown(value: Any, row: Any) -> str:
        del row
        return money(value, currency) if value is not None else "–"

    return (
        Column("day", t("Day"), format="date", is_main=True),
        Column("ours_minor", t("Ledger"), format=shown, align="end"),
        Column("theirs_minor", t("Channel"), format=shown, align="end"),
        Column("bank_minor", t("Bank"), format=shown, align="end"),
        Column("fee_minor", t("Channel fees"), format=shown, align="end"),
        Column("state", t("State"), format="badge", value=state_of, words=STATES, tones=TONES),
        Column("breaks", t("Breaks"), format="number"),
    )


STATES = {
    "good": t("✓ All three agree"),
    "paid": t("✓ Channel agrees, payout on its way"),
    "waiting": t("Waits for the statement"),
    "odd": t("Something differs"),
}
TONES: dict[str, Any] = {"good": "success", "paid": "info", "waiting": "neutral", "odd": "warning"}


def state_of(day: Any) -> str:
    """Return how far a day has got: three ticks, two, none yet, or something to look at."""
    if day["breaks"]:
        return "odd"
    if not day["has_channel"]:
        return "waiting"
    return "good" if day["is_all"] or not day["expected_minor"] else "paid"


async def prepare(request: Request, actor: Actor) -> Response:
    """Make the sources that the account's connections allow."""
    sent = await request.form()
    account, _ = await account_of(actor, str(sent.get("account", "")))
    made = await feeds.prepare(account) if account else []
    text = (
        t("Statements are being fetched from now on.") if made else t("There is nothing to fetch from yet.")
    )
    return redirect(request, root_of(actor), flash=text)


async def fetching(request: Request, actor: Actor) -> Response:
    """Have a source read now."""
    await feeds.ask(actor, path_id(request))
    return redirect(request, root_of(actor), flash=t("It is being read. Look again in a moment."))


async def terms(request: Request, actor: Actor) -> Response:
    """Keep the agreed fee of a source's channel: percent and a fixed part."""
    source = await feeds.find(actor, path_id(request))
    account = await accounts.account(actor, source.settlement_account_id)
    form = await bind(request, Terms, context={"currency": account.currency})
    if not form.is_valid:
        return await _overview(request, actor, str(account.id), source, form)
    await _keep_terms(actor, source, form.ok)
    return redirect(request, root_of(actor), flash=t("Each line's fee is held against this from now on."))


async def _keep_terms(actor: Actor, source: StatementSource, agreed: Terms) -> None:
    before = {"fee_bps": source.fee_bps, "fee_fixed_minor": source.fee_fixed_minor}
    source.fee_bps, source.fee_fixed_minor = agreed.percent, agreed.fixed
    await source.save(update_fields=["fee_bps", "fee_fixed_minor"])
    await audit.record(
        actor,
        "source.changed",
        subject_kind="statement_source",
        subject_id=source.id,
        subject_label=gettext(feeds.NAMES[source.kind]),
        before=before,
        after={"fee_bps": agreed.percent, "fee_fixed_minor": agreed.fixed},
    )
