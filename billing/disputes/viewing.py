"""Reading disputes."""

from typing import Any
from uuid import UUID

import anyio.to_thread
from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import Response

from billing.channels import channel_name
from billing.disputes import answering, queries
from billing.disputes.channels import PURPOSES
from billing.disputes.states import ANSWERABLE, LOST
from billing.disputes.words import DECISIONS, DISPUTE_TONES, DISPUTE_WORDS, GENERAL_HINT, HINTS, REASONS
from billing.ledger.accounts import kind_name, ledger_name
from billing.models import Dispute, DisputeFile, Payment
from billing.payments import staff_queries
from billing.payments.staff_payments import Event
from billing.payments.words import ACT_WORDS
from tenants.actor import Actor
from tenants.http import path_id
from ui import charts, formats
from ui.errors import NotFound
from ui.exports import export, wants_export
from ui.forms import Form
from ui.i18n import N_, Text, gettext, t
from ui.render import respond
from ui.shell import Tone
from ui.tables import Column, Page, TableQuery

_MOST_EXPORTED = 100_000
ACTS: dict[str, tuple[str, Tone]] = ACT_WORDS | {
    "dispute.file_added": (N_("A file was added"), "neutral"),
    "dispute.evidence_sent": (N_("The answer was sent off"), "info"),
    "dispute.acceptance_sent": (N_("Somebody gave in"), "warning"),
    "dispute.refused": (N_("The channel did not take it"), "danger"),
    "dispute.decision_asked": (N_("Somebody asked that the loss is borne"), "warning"),
    "dispute.decision_refused": (N_("Bearing the loss was refused"), "neutral"),
}


def _reason(value: Any, row: Any) -> str:
    del row
    return reason_of(value)


def reason_of(code: str) -> str:
    """Return why the payer disputes, in words; a code that nobody knows stays as it is."""
    return gettext(REASONS[code]) if code in REASONS else code


def _columns(root: str) -> tuple[Column, ...]:
    return (
        Column("number", t("Number"), format="id", is_main=True, href=lambda r: f"{root}/disputes/{r['id']}"),
        Column("status", t("State"), format="badge", words=DISPUTE_WORDS, tones=DISPUTE_TONES),
        Column("evidence_due_at", t("Answer by"), format="datetime", sortable=True),
        Column("reason", t("Why"), format=_reason),
        Column("payer_name", t("Payer"), format="name"),
        Column("created_at", t("Opened"), format="date", sortable=True),
        Column("amount_minor", t("Amount"), format="money", sortable=True),
    )


FILED = (
    Column("payment_number", t("Payment")),
    Column("channel", t("Channel"), format=lambda value, _: str(channel_name(value))),
    Column("fee_minor", t("Channel fee"), format="money"),
    Column("decision", t("Decision"), words=DECISIONS),
    Column("closed_at", t("Decided"), format="datetime"),
)


async def disputes(request: Request, actor: Actor) -> Response:
    """The disputes, those to answer first; or all of them as a file."""
    columns = _columns(f"/t/{actor.place['slug']}")
    query = TableQuery.parse(request, columns=columns, filters=queries.FILTERS)
    if wants_export(request):
        every, *_ = await queries.list_disputes(actor, query, limit=_MOST_EXPORTED, offset=0)
        return await export(request, (*columns, *FILED), every, "disputes")
    found, total, totals = await queries.list_disputes(actor, query, limit=query.limit, offset=query.offset)
    context = {
        "page": Page.of(query, found, total, totals),
        "columns": columns,
        "states": list(DISPUTE_WORDS.items()),
        "chart": await _chart(actor),
        "currency": actor.place["currency"],
    }
    return await respond(request, "billing/disputes/list.html", context, block="list")


async def _chart(actor: Actor) -> charts.Chart | None:
    currency = actor.place["currency"]
    assert actor.tenant_id is not None  # noqa: S101 - staff are inside a tenant
    months = await queries.months(actor.tenant_id, currency, actor.place["timezone"])
    if not months:
        return None
    return charts.stacked(
        gettext("Month"),
        [formats.month_text(each["month"]) for each in months],
        [
            charts.Series(gettext("Undecided"), [each["open_minor"] for each in months]),
            charts.Series(gettext("Kept"), [each["won_minor"] for each in months]),
            charts.Series(gettext("Lost"), [each["lost_minor"] for each in months]),
        ],
        lambda minor: formats.money(int(minor), currency),
        lambda minor: formats.compact_money(minor, currency),
    )


class Answering(BaseModel):
    """The answer to the payer's bank."""

    text: str = Field("", title=N_("Your answer"))


class Deciding(BaseModel):
    """Who bears a lost dispute, and why."""

    decision: str = Field("", title=N_("Who bears the loss"))
    reason: str = Field("", title=N_("Why"))


async def dispute(request: Request, actor: Actor) -> Response:
    """One dispute: what the payer's bank wants, by when, our answer, and what it did to the books."""
    return await page(request, actor, await found(request, actor))


async def found(request: Request, actor: Actor) -> Dispute:
    """Return the dispute that the address names.

    Raises:
        NotFound: there is none.
    """
    kept = await Dispute.get_or_none(tenant_id=actor.tenant_id, id=path_id(request))
    if kept is None:
        raise NotFound("dispute.not_found", t("There is no such dispute."))
    return kept


async def page(
    request: Request,
    actor: Actor,
    kept: Dispute,
    *,
    answer: Form[Answering] | None = None,
    deciding: Form[Deciding] | None = None,
    upload: Form[Any] | None = None,
    status: int = 200,
) -> Response:
    """Draw a dispute's page with its forms as they were sent."""
    payment = await Payment.get(tenant_id=kept.tenant_id, id=kept.payment_id)
    blank = Form.blank(Answering, {"text": kept.evidence.get("text", "")})
    context = {
        "dispute": kept,
        "payment": payment,
        "root": f"/t/{actor.place['slug']}",
        "may": actor.may,
        "said": str(kept.evidence.get("text", "")),
        "answer": answer or blank,
        "deciding": deciding or Form.blank(Deciding),
        "upload": upload,
        "files": await DisputeFile.filter(tenant_id=kept.tenant_id, dispute_id=kept.id).order_by("id"),
        "purposes": [(key, gettext(name)) for key, name in PURPOSES.items()],
        "purpose_words": PURPOSES,
        "parts": await staff_queries.parts_of(kept.tenant_id, payment.id),
        "entries": _entries(await queries.entries_of(kept.tenant_id, kept.id)),
        "entry_columns": ENTRY_COLUMNS,
        "story": [
            _event(act) for act in await queries.acts_on(kept.tenant_id, kept.id) if act["act"] in ACTS
        ],
        "reason": reason_of(kept.reason),
        "hint": gettext(HINTS.get(kept.reason, GENERAL_HINT)),
        "channel": channel_name(kept.channel),
        "words": DISPUTE_WORDS,
        "tones": DISPUTE_TONES,
        "decisions": DECISIONS,
        "may_work": actor.may("disputes.work"),
        "may_answer": actor.may("disputes.work") and kept.status in ANSWERABLE and not kept.sending,
        "may_decide": actor.may("disputes.work") and kept.status in LOST and not kept.decision,
        "may_approve": actor.may("refunds.approve")
        and kept.decision == "asked"
        and kept.asked_by != actor.person_id,
        "limit_minor": actor.refund_limit_minor,
    }
    return await respond(request, "billing/disputes/dispute.html", context, status=status)


ENTRY_COLUMNS = (
    Column("occurred_at", t("Entered on"), format="date"),
    Column("what", t("What")),
    Column("ledger", t("Ledger account")),
    Column("debit_minor", t("Debit side"), format="money"),
    Column("credit_minor", t("Credit side"), format="money"),
)


def _entries(postings: Any) -> list[dict[str, Any]]:
    return [
        {
            "occurred_at": each["occurred_at"],
            "what": str(kind_name(each["kind"])),
            "ledger": str(ledger_name(each["ledger"])),
            "currency": each["currency"],
            "debit_minor": each["amount_minor"] if each["amount_minor"] > 0 else None,
            "credit_minor": -each["amount_minor"] if each["amount_minor"] < 0 else None,
        }
        for each in postings
    ]


def _event(act: dict[str, Any]) -> Event:
    words, tone = ACTS[act["act"]]
    after = act["after"]
    text: str | Text = str(after.get("error") or after.get("reason") or after.get("file") or "")
    if after.get("decision") in DECISIONS:
        text = f"{DECISIONS[after['decision']]} · {text}" if text else str(DECISIONS[after["decision"]])
    return Event(t(words), act["at"], act["person_name"], text, tone)


async def file(request: Request, actor: Actor) -> Response:
    """One file of the evidence, to be saved."""
    kept = await found(request, actor)
    file_id: UUID = path_id(request, "file")
    one = await DisputeFile.get_or_none(tenant_id=kept.tenant_id, dispute_id=kept.id, id=file_id)
    if one is None:
        raise NotFound("dispute.no_file", t("There is no such file."))
    content = await anyio.to_thread.run_sync(lambda: answering.storage().open(one.storage_key).read())
    name = one.filename.encode("ascii", "replace").decode().replace('"', "_")
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return Response(content, media_type=one.content_type, headers=headers)
