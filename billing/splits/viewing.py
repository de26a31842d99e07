"""Reading how proceeds are shared: rules, receivers, and a payment's shares."""

import json
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from billing.models import FeeItem, Payment, Receiver, SplitRule
from billing.names import localized
from billing.splits import queries, receivers, rules
from billing.splits.forms import HOW, NewReceiver, RuleForm, Start
from billing.splits.words import (
    CAUSE_WORDS,
    RECEIVER_TONES,
    RECEIVER_WORDS,
    RETURN_TONES,
    RETURN_WORDS,
    RULE_TONES,
    RULE_WORDS,
    SHARE_TONES,
    SHARE_WORDS,
)
from billing.splits.work import REASONS
from tenants.actor import Actor
from tenants.http import path_id
from tenants.staff.second_person import others_who_may
from ui.errors import NotFound
from ui.exports import export, wants_export
from ui.forms import Form
from ui.i18n import gettext, t
from ui.render import respond
from ui.tables import Column, Page, TableQuery

MOST_RULES = 500
Row = dict[str, Any]


def root_of(actor: Actor) -> str:
    """Return the console's address."""
    return f"/t/{actor.place['slug']}"


def _rule_columns(root: str) -> tuple[Column, ...]:
    return (
        Column("fee", t("Fee"), is_main=True, href=lambda r: f"{root}/splits/rules/{r['id']}"),
        Column("rule", t("Rule")),
        Column("effective_from", t("In force from"), format="date"),
        Column("status", t("State"), format="badge", words=RULE_WORDS, tones=RULE_TONES),
    )


async def index(request: Request, actor: Actor) -> Response:
    """The rules, those that wait for somebody first; or all of them as a file."""
    columns, found = _rule_columns(root_of(actor)), await _rules(actor)
    if wants_export(request):
        return await export(request, columns, found, "split-rules")
    query = TableQuery.parse(request, per=MOST_RULES)
    shown = found[query.offset : query.offset + query.per]
    page = Page(shown, query, len(found), len(found) > query.offset + query.per)
    context = {"page": page, "columns": columns, "root": root_of(actor), "may": actor.may}
    return await respond(request, "billing/splits/rules.html", context, block="list")


async def _rules(actor: Actor) -> list[Row]:
    said = {rule.id: await rules.explained(actor, rule) for rule in await rules.every(actor)}
    return [
        {**dict(each), "fee": _name(each["names"]), "rule": " ".join(str(s) for s in said[each["id"]])}
        for each in await queries.list_rules(actor)
    ]


def _name(names: str) -> str:
    return localized(json.loads(names))


async def rule(request: Request, actor: Actor) -> Response:
    """One rule in sentences, and putting it into force."""
    return await rule_page(request, actor, await rules.get(actor, path_id(request)))


async def rule_page(
    request: Request, actor: Actor, found: SplitRule, form: Form[Start] | None = None
) -> Response:
    """Answer with one rule; with 422 where the day typed for it was wrong."""
    item = await FeeItem.get(tenant_id=actor.tenant_id, id=found.fee_item_id)
    is_own = found.created_by == actor.person_id
    context = {
        "rule": found,
        "fee": localized(item.names),
        "sentences": await rules.explained(actor, found),
        "words": RULE_WORDS,
        "tones": RULE_TONES,
        "form": form or Form.blank(Start, {"effective_from": found.effective_from.isoformat()}),
        "may_write": actor.may("splits.write"),
        "may_decide": found.status == "draft" and actor.may("splits.approve") and not is_own,
        "others": await others_who_may(actor, "splits.approve") if is_own else [],
        "root": root_of(actor),
    }
    return await respond(request, "billing/splits/rule.html", context, status=422 if form else 200)


async def new_rule(request: Request, actor: Actor) -> Response:
    """The form for a rule; filled with the one in force where the address names it."""
    form = Form.blank(RuleForm, {"fee": request.query_params.get("fee", "")})
    return await rule_form_page(request, actor, form)


async def rule_form_page(request: Request, actor: Actor, form: Form[RuleForm], status: int = 200) -> Response:
    """Answer with the form of a rule."""
    open_to = [(str(r.id), r.name) for r in await receivers.every(actor) if r.status == "active"]
    context = {
        "form": form,
        "fees": [(str(each["id"]), _name(each["names"])) for each in await queries.fees(actor)],
        "receivers": open_to,
        "how": [(key, gettext(words)) for key, words in HOW.items()],
        "currency": actor.place["currency"],
        "root": root_of(actor),
    }
    return await respond(request, "billing/splits/rule_new.html", context, status=status)


def _receiver_columns(root: str) -> tuple[Column, ...]:
    return (
        Column("name", t("Receiver"), is_main=True, href=lambda r: f"{root}/splits/receivers/{r['id']}"),
        Column("kind", t("What they are"), words=receivers.KINDS),
        Column("rail_merchant", t("Account at the bank's rail"), format="code"),
        Column("status", t("State"), format="badge", words=RECEIVER_WORDS, tones=RECEIVER_TONES),
    )


async def receiver_list(request: Request, actor: Actor) -> Response:
    """The receivers; or all of them as a file."""
    return await receivers_page(request, actor, Form.blank(NewReceiver, {"kind": "merchant"}))


async def receivers_page(
    request: Request, actor: Actor, form: Form[NewReceiver], status: int = 200
) -> Response:
    """Answer with the receivers and the form for another one."""
    columns = _receiver_columns(root_of(actor))
    found = [_receiver_row(each) for each in await receivers.every(actor)]
    if wants_export(request):
        return await export(request, columns, found, "receivers")
    query = TableQuery.parse(request, per=MOST_RULES)
    context = {
        "page": Page(found, query, len(found), False),
        "columns": columns,
        "form": form,
        "kinds": list(receivers.KINDS.items()),
        "root": root_of(actor),
        "may": actor.may,
    }
    return await respond(request, "billing/splits/receivers.html", context, status=status)


def _receiver_row(each: Receiver) -> Row:
    shown = ("id", "name", "kind", "rail_merchant", "status")
    return {name: getattr(each, name) for name in shown}


def share_columns(root: str, *, has_receiver: bool) -> tuple[Column, ...]:
    """Return the columns of shares, of one receiver or of one payment."""
    first = (
        Column(
            "receiver_name",
            t("Receiver"),
            is_main=True,
            href=lambda r: f"{root}/splits/receivers/{r['receiver_id']}",
        )
        if has_receiver
        else Column(
            "payment_number",
            t("Payment"),
            format="id",
            is_main=True,
            href=lambda r: f"{root}/payments/{r['payment_id']}/shares",
        )
    )
    return (
        first,
        Column("fee_names", t("Fee"), format=lambda value, _: _name(value)),
        Column("created_at", t("Made"), format="datetime", sortable=not has_receiver),
        Column("status", t("State"), format="badge", words=SHARE_WORDS, tones=SHARE_TONES),
        Column("amount_minor", t("Amount"), format="money", sortable=not has_receiver),
        Column("returned_minor", t("Came back"), format="money"),
    )


async def receiver(request: Request, actor: Actor) -> Response:
    """One receiver's own report: what they have got, payment by payment; or all of it as a file."""
    found = await receivers.get(actor, path_id(request))
    columns = share_columns(root_of(actor), has_receiver=False)
    query = TableQuery.parse(request, columns=columns, filters=queries.FILTERS, default_sort="-created_at")
    if wants_export(request):
        return await export(request, columns, queries.all_shares(actor, query, found.id), "shares")
    listed, total = await queries.list_shares(actor, query, found.id)
    context = {
        "receiver": found,
        "page": Page.of(query, listed, total),
        "columns": columns,
        "states": list(SHARE_WORDS.items()),
        "holdings": await receivers.holdings(actor, found.id),
        "words": RECEIVER_WORDS,
        "tones": RECEIVER_TONES,
        "kind": receivers.KINDS[found.kind],
        "root": root_of(actor),
        "may": actor.may,
    }
    return await respond(request, "billing/splits/receiver.html", context, block="list")


async def payment_shares(request: Request, actor: Actor) -> Response:
    """Who got what of one payment, what came back of it, and what has to be worked."""
    found = await Payment.get_or_none(tenant_id=actor.tenant_id, id=path_id(request))
    if found is None:
        raise NotFound("payment.not_found", t("There is no such payment."))
    shares = await queries.shares_of(found.tenant_id, found.id)
    shared = sum(s["amount_minor"] - s["returned_minor"] for s in shares if s["status"] == "paid")
    context = {
        "payment": found,
        "shares": shares,
        "returns": await queries.returns_of(found.tenant_id, found.id),
        "columns": share_columns(root_of(actor), has_receiver=True),
        "own_minor": found.amount_minor - found.refunded_minor - shared,
        "shared_minor": shared,
        "words": RETURN_WORDS,
        "tones": RETURN_TONES,
        "causes": CAUSE_WORDS,
        "reasons": REASONS,
        "is_rail": found.channel == "bank",
        "root": root_of(actor),
        "may": actor.may,
    }
    return await respond(request, "billing/splits/payment.html", context)
