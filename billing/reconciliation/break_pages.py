"""The worklist of breaks, and the page of one: what differs, its story, and the ways to put it right."""

import json
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from billing.models import Break
from billing.reconciliation import breaks, found, queries, words
from billing.reconciliation.common import Reason, break_columns, root_of, tabs, take_over
from billing.reconciliation.states import BY_HAND, WORKED
from tenants.actor import Actor
from tenants.codes import new_token
from tenants.http import path_id
from tenants.scope import open_scope
from ui.errors import Conflict, Forbidden, Invalid, NotFound
from ui.exports import export, wants_export
from ui.flash import Flash
from ui.forms import Form, bind
from ui.i18n import gettext, t
from ui.render import redirect, respond
from ui.tables import Page, TableQuery


async def worklist(request: Request, actor: Actor) -> Response:
    """Breaks that somebody has to look at, the oldest first; or as a file."""
    root = root_of(actor)
    columns = break_columns(root)
    query = TableQuery.parse(request, columns=columns, filters=queries.BREAK_FILTERS)
    if wants_export(request):
        every, *_ = await queries.breaks(actor, query, limit=queries.MOST, offset=0)
        return await export(request, columns, _read(every), "breaks")
    rows, total, totals = await queries.breaks(actor, query, limit=query.limit, offset=query.offset)
    context = {
        "tabs": tabs(actor, "/breaks"),
        "root": root,
        "page": Page.of(query, _read(rows), total, totals),
        "columns": columns,
        "states": [*words.BREAK_WORDS.items(), ("all", t("All"))],
        "kinds": list(words.KIND_WORDS.items()),
        "channels": list(words.CHANNELS.items()),
        "ages": list(words.AGE_WORDS.items()),
        "owners": [("mine", t("Mine")), ("nobody", t("Nobody's"))],
    }
    return await respond(request, "billing/reconciliation/breaks.html", context, block="list")


def _read(rows: Any) -> list[dict[str, Any]]:
    return [{**dict(row), "facts": json.loads(row["facts"])} for row in rows]


async def show(request: Request, actor: Actor) -> Response:
    """One break."""
    return await _page(request, actor, await _break(request, actor), Form.blank(Reason, {"key": new_token()}))


async def _break(request: Request, actor: Actor) -> Break:
    one = await Break.get_or_none(tenant_id=actor.tenant_id, id=path_id(request))
    if one is None:
        raise NotFound("break.not_found", t("There is no such break."))
    return one


async def _page(
    request: Request, actor: Actor, one: Break, form: Form[Reason], status: int = 200
) -> Response:
    line = await queries.line(actor, one.line_id) if one.line_id else None
    is_open = one.status in WORKED
    is_money = line is not None and line["status"] == "open" and line["amount_minor"] > 0
    can_find = is_money and line is not None and line["kind"] in {"payment", "credit", "other"}
    is_charge = line is not None and line["status"] == "open" and line["channel"] == "account"
    is_charge = is_charge and line is not None and line["amount_minor"] < 0
    context = {
        "found": one,
        "line": line,
        "root": root_of(actor),
        "staff": f"/t/{actor.place['slug']}",
        "form": form,
        "blank": Form.blank(Reason, {"key": new_token()}),
        "kinds": words.KIND_WORDS,
        "explained": words.EXPLAINED[one.kind],
        "words": words.BREAK_WORDS,
        "tones": words.BREAK_TONES,
        "channels": words.CHANNELS,
        "line_kinds": words.LINE_KINDS,
        "resolutions": [(key, words.RESOLUTION_WORDS[key]) for key in BY_HAND],
        "resolution_words": words.RESOLUTION_WORDS,
        "is_mine": one.owner_id == actor.person_id,
        "may_work": is_open and actor.may("reconciliation.work"),
        "can_find": can_find and actor.may("suspense.work"),
        "can_refund": can_find and actor.may("suspense.work") and actor.may("refunds.request"),
        "can_charge": is_charge,
        "can_ask": bool(one.facts.get("attempt")) and one.facts.get("state") != "succeeded",
        "acts": _story(one, await queries.acts_on(actor, one.id)),
    }
    return await respond(request, "billing/reconciliation/break.html", context, status=status)


def _story(one: Break, acts: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return what happened to a break, the newest first, down to how it was found."""
    told = [
        {
            "title": gettext(words.ACTS.get(act["act"], act["act"])),
            "at": act["at"],
            "by": act["person_name"],
            "text": act["after"].get("reason", "") or act["after"].get("owner", ""),
            "tone": "neutral",
            "href": None,
        }
        for act in acts
    ]
    if one.status == "cleared":
        told.insert(0, _event(t("Cleared by itself: the other side arrived"), one.closed_at, "success"))
    return [*told, _event(t("Found"), one.created_at, "warning")]


def _event(title: Any, at: Any, tone: str) -> dict[str, Any]:
    return {"title": title, "at": at, "by": "", "text": "", "tone": tone, "href": None}


def _address(actor: Actor, one: Break) -> str:
    return f"{root_of(actor)}/breaks/{one.id}"


async def assignment(request: Request, actor: Actor) -> Response:
    """Take a break over, or give it back."""
    one, sent = await _break(request, actor), await request.form()
    try:
        await breaks.assign(actor, break_id=one.id, is_mine=sent.get("to") != "nobody")
    except Conflict as refused:
        return redirect(request, _address(actor, one), flash=Flash(refused.message, tone="warning"))
    return redirect(request, _address(actor, one))


async def resolution(request: Request, actor: Actor) -> Response:
    """End a break by words."""

    async def act(one: Break, ok: Reason) -> str:
        await breaks.resolve(actor, break_id=one.id, resolution=ok.resolution, reason=ok.reason)
        return _address(actor, one)

    return await _act(request, actor, act, t("The break is resolved."))


async def charge(request: Request, actor: Actor) -> Response:
    """Book what the bank took as its charge."""

    async def act(one: Break, ok: Reason) -> str:
        await breaks.book_charge(actor, break_id=one.id, reason=ok.reason)
        return _address(actor, one)

    return await _act(request, actor, act, t("The charge is booked."))


async def recording(request: Request, actor: Actor) -> Response:
    """Record money that only the statement knew of; it waits to be put to a bill."""
    actor.require("suspense.work")

    async def act(one: Break, ok: Reason) -> str:
        held = await found.to_suspense(actor, break_id=one.id, reason=ok.reason)
        return f"/t/{actor.place['slug']}/suspense/{held}"

    return await _act(request, actor, act, t("It is recorded. Put it to a bill, or give it back."))


async def refund(request: Request, actor: Actor) -> Response:
    """Record it and ask that it goes back."""
    actor.require("suspense.work")
    actor.require("refunds.request")

    async def act(one: Break, ok: Reason) -> str:
        refund_id = await found.give_back(actor, break_id=one.id, reason=ok.reason, key=ok.key)
        return f"/t/{actor.place['slug']}/refunds/{refund_id}"

    return await _act(request, actor, act, t("The refund is asked for."))


async def _act(request: Request, actor: Actor, act: Any, done: Any) -> Response:
    one, form = await _break(request, actor), await bind(request, Reason)
    if form.is_valid:
        try:
            url = await act(one, form.ok)
        except (Invalid, Conflict) as refused:
            take_over(form, refused)
        else:
            return redirect(request, url, flash=done)
    return await _page(request, actor, one, form, 422)


async def question(request: Request, actor: Actor) -> Response:
    """Ask the channel about the payment that a line names; outside of any transaction."""
    async with open_scope(actor.scope()):
        one = await _break(request, actor)
    try:
        has_come = await found.ask_channel(actor, break_id=one.id)
    except (Conflict, Forbidden) as refused:
        return redirect(request, _address(actor, one), flash=Flash(refused.message, tone="warning"))
    text = (
        t("The channel has the money: it is recorded.") if has_come else t("The channel does not confirm it.")
    )
    return redirect(request, _address(actor, one), flash=text)
