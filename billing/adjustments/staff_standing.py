"""Pages of lasting adjustments: the list, asking for one, deciding, ending."""

from decimal import Decimal, InvalidOperation
from typing import Annotated, Any

import orjson
from pydantic import BaseModel, BeforeValidator, Field
from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import Response

from billing.adjustments import queries, standing
from billing.adjustments.evidence import ENDINGS, keep, send
from billing.adjustments.staff_adjustments import MOST, Saying, fee_of, root_of
from billing.adjustments.standing import Lasting
from billing.adjustments.words import KIND_WORDS, STATE_TONES, STATE_WORDS, kind_options
from billing.models import FeeItem, StandingAdjustment
from billing.names import localized
from tenants.actor import Actor
from tenants.codes import new_token
from tenants.days import today
from tenants.file_kinds import FileRefused
from tenants.http import path_id
from tenants.models import Account
from ui.errors import Conflict, Invalid, NotFound
from ui.exports import export, wants_export
from ui.fields import Day, FieldError, MinorAmount, Upload
from ui.flash import Flash
from ui.formats import money
from ui.forms import Form, bind
from ui.i18n import N_, Text, gettext, t
from ui.render import redirect, respond
from ui.tables import Column, Page, TableQuery

STATES = ("requested", "approved", "rejected", "ended")
_PLACES = 4


def _percent(value: object) -> object:
    """Read a percentage with at most four decimals."""
    if not isinstance(value, str):
        return value
    try:
        found = Decimal(value.strip().rstrip("%％").strip())
    except InvalidOperation:
        raise FieldError(t("Enter a percentage in figures, like 12.5.")) from None
    exponent = found.as_tuple().exponent
    if not found.is_finite() or (isinstance(exponent, int) and exponent < -_PLACES):
        raise FieldError(t("A percentage has at most {places} decimals.", places=_PLACES))
    return found


class Asking(BaseModel):
    """What every bill of an account is to be asked less."""

    kind: str = Field(title=N_("What kind"))
    fee_item: str | None = Field(None, title=N_("Off which charge"))
    percent: Annotated[Decimal, BeforeValidator(_percent)] | None = Field(None, title=N_("Percent off"))
    amount: Annotated[int, MinorAmount()] | None = Field(None, title=N_("Or an amount off each charge"))
    effective_from: Day = Field(title=N_("From"))
    effective_until: Day | None = Field(None, title=N_("Until"))
    reason: str = Field(title=N_("Why"), max_length=500)
    evidence: Annotated[UploadFile, Upload(endings=ENDINGS)] | None = Field(None, title=N_("Evidence"))
    key: str = ""


def value_words(row: Any, key: str = "") -> str:
    """Return how much a lasting adjustment takes off, in the reader's form."""
    del key
    if row["percent"] is not None:
        return f"{Decimal(row['percent']).normalize():f} %"
    return money(row["amount_minor"], row["currency"])


def fee_words(row: Any) -> str:
    """Return the charge it concerns."""
    return localized(orjson.loads(row["names"])) if row["names"] else gettext("All charges")


def _columns(root: str) -> tuple[Column, ...]:
    url = f"{root}/adjustments/standing"
    return (
        Column("created_at", t("Asked"), format="datetime", sortable=True),
        Column(
            "number",
            t("Number"),
            format="id",
            is_main=True,
            sortable=True,
            href=lambda row: f"{url}/{row['id']}",
        ),
        Column("kind", t("Kind"), words=KIND_WORDS),
        Column("status", t("State"), format="badge", words=STATE_WORDS, tones=STATE_TONES),
        Column("account_number", t("Account"), href=lambda row: f"{root}/accounts/{row['account_id']}"),
        Column("percent", t("Less"), format=lambda _, row: value_words(row), align="end"),
        Column("names", t("Off"), format=lambda _, row: fee_words(row)),
        Column("effective_from", t("From"), format="date"),
        Column("effective_until", t("Until"), format="date"),
    )


FILED = (Column("reason", t("Why")), Column("requested_by_name", t("Asked by")))


async def standings(request: Request, actor: Actor) -> Response:
    """The lasting adjustments, those to decide first; or all of them as a file."""
    columns = _columns(root_of(actor))
    query = TableQuery.parse(request, columns=columns, filters=queries.FILTERS)
    if wants_export(request):
        every, *_ = await queries.list_standing(actor, query, limit=MOST, offset=0)
        return await export(request, (*columns, *FILED), every, "standing-adjustments")
    found, total, totals = await queries.list_standing(actor, query, limit=query.limit, offset=query.offset)
    context = {
        "page": Page.of(query, found, total, totals),
        "columns": columns,
        "root": root_of(actor),
        "kinds": [(key, words) for key, words, _ in kind_options(standing=True)],
        "states": [(key, STATE_WORDS[key]) for key in STATES],
    }
    return await respond(request, "billing/adjustments/standing_list.html", context, block="list")


async def _account(request: Request, actor: Actor) -> Account:
    found = await Account.get_or_none(tenant_id=actor.tenant_id, id=path_id(request))
    if found is None:
        raise NotFound("account.not_found", t("There is no such account."))
    return found


async def new(request: Request, actor: Actor) -> Response:
    """Ask what every bill of an account is to be asked less."""
    account = await _account(request, actor)
    blank = {
        "key": new_token(),
        "kind": "discount",
        "effective_from": today(actor.place["timezone"]).replace(day=1).isoformat(),
    }
    return await _form(request, actor, account, Form.blank(Asking, blank))


async def _form(
    request: Request, actor: Actor, account: Account, form: Form[Asking], status: int = 200
) -> Response:
    items = await FeeItem.filter(tenant_id=actor.tenant_id, kind="charge", is_active=True).order_by(
        "position"
    )
    own = [item for item in items if account.kind in item.account_kinds and item.scenario == account.scenario]
    context = {
        "form": form,
        "account": account,
        "root": root_of(actor),
        "kinds": kind_options(standing=True),
        "fees": [(str(item.id), localized(item.names)) for item in own],
        "currency": actor.place["currency"],
    }
    return await respond(request, "billing/adjustments/standing_new.html", context, status=status)


async def create(request: Request, actor: Actor) -> Response:
    """Ask for a lasting adjustment; another person decides."""
    account = await _account(request, actor)
    form = await bind(request, Asking, context={"currency": actor.place["currency"]})
    if form.is_valid:
        try:
            ask = await _ask(actor, account, form.ok)
            made = await standing.request_standing(actor, ask=ask, key=form.ok.key)
        except FileRefused as refused:
            form.fail("evidence", refused.message)
        except (Invalid, Conflict) as refused:
            form.fail_with(refused)
        else:
            return redirect(request, f"{root_of(actor)}/adjustments/standing/{made}")
    return await _form(request, actor, account, form, status=422)


async def _ask(actor: Actor, account: Account, given: Asking) -> Lasting:
    actor.require("adjustments.request")
    return Lasting(
        account_id=account.id,
        kind=given.kind,
        effective_from=given.effective_from,
        effective_until=given.effective_until,
        reason=given.reason,
        percent=given.percent,
        amount_minor=given.amount,
        fee_item_id=fee_of(given.fee_item),
        evidence=await keep(actor, given.evidence),
    )


async def show(request: Request, actor: Actor) -> Response:
    """One lasting adjustment, the decision about it, and ending it."""
    found = await standing.get(actor, path_id(request))
    return await _page(request, actor, found, Form.blank(Saying))


async def _page(
    request: Request, actor: Actor, found: StandingAdjustment, form: Form[Saying], status: int = 200
) -> Response:
    may = actor.may("adjustments.approve")
    is_own = found.requested_by == actor.person_id
    item = (
        await FeeItem.get_or_none(tenant_id=found.tenant_id, id=found.fee_item_id)
        if found.fee_item_id
        else None
    )
    row = {"percent": found.percent, "amount_minor": found.amount_minor, "currency": found.currency}
    context = {
        "found": found,
        "account": await Account.get(tenant_id=found.tenant_id, id=found.account_id),
        "root": root_of(actor),
        "form": form,
        "kind": KIND_WORDS[found.kind],
        "less": value_words(row),
        "off": localized(item.names) if item else gettext("All charges"),
        "state": (STATE_WORDS[found.status], STATE_TONES.get(found.status, "neutral")),
        "is_own": is_own,
        "may_decide": may and not is_own and found.status == "requested",
        "may_end": may and found.status == "approved",
    }
    return await respond(request, "billing/adjustments/standing.html", context, status=status)


async def approval(request: Request, actor: Actor) -> Response:
    """Agree; new bills get it."""
    found = await standing.get(actor, path_id(request))
    try:
        await standing.approve_standing(actor, standing_id=found.id)
    except Conflict as refused:
        return _back(request, actor, found, refused.message, "warning")
    return _back(request, actor, found, t("Approved. Bills issued from now on get it."))


async def rejection(request: Request, actor: Actor) -> Response:
    """Refuse, with a reason."""
    return await _said(request, actor, standing.reject_standing, t("Rejected. Bills stay as they are."))


async def ending(request: Request, actor: Actor) -> Response:
    """End it, with a reason."""
    return await _said(request, actor, standing.end_standing, t("Ended. New bills no longer get it."))


async def _said(request: Request, actor: Actor, act: Any, words: Text) -> Response:
    found = await standing.get(actor, path_id(request))
    form = await bind(request, Saying)
    if not form.is_valid:
        return await _page(request, actor, found, form, status=422)
    try:
        await act(actor, standing_id=found.id, reason=form.ok.reason)
    except Conflict as refused:
        return _back(request, actor, found, refused.message, "warning")
    return _back(request, actor, found, words)


def _back(
    request: Request, actor: Actor, found: StandingAdjustment, words: Text, tone: Any = "success"
) -> Response:
    return redirect(
        request, f"{root_of(actor)}/adjustments/standing/{found.id}", flash=Flash(words, tone=tone)
    )


async def paper(request: Request, actor: Actor) -> Response:
    """Send the evidence as a download."""
    return send((await standing.get(actor, path_id(request))).evidence)
