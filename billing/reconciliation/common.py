"""What the pages of reconciliation share: tabs, roots, columns of lists, the form of a reason."""

from typing import Any

from pydantic import BaseModel, Field

from billing.reconciliation import words
from tenants.actor import Actor
from ui.errors import AppError
from ui.formats import money
from ui.forms import Form
from ui.i18n import N_, t
from ui.shell import NavItem
from ui.tables import Column

TABS = (
    ("", N_("Overview")),
    ("/breaks", N_("Breaks")),
    ("/lines", N_("Statement lines")),
    ("/statements", N_("Statements")),
    ("/settlement", N_("Settlement")),
)


def root_of(actor: Actor) -> str:
    """Return where the pages of reconciliation are."""
    return f"/t/{actor.place['slug']}/reconciliation"


def tabs(actor: Actor, current: str) -> list[NavItem]:
    """Return the tabs, one of them current."""
    root = root_of(actor)
    return [NavItem(label=t(name), href=root + path, is_current=path == current) for path, name in TABS]


class Reason(BaseModel):
    """Why something is done; ``resolution`` and ``number`` only where they are asked for."""

    reason: str = Field(title=N_("Why"), max_length=500)
    resolution: str = Field("", title=N_("How it ends"))
    number: str = Field("", title=N_("Number of the payment, refund or payout"), max_length=140)
    key: str = ""


def take_over(form: Form[Any], refused: AppError) -> None:
    """Show a refusal at its fields, or for the whole form."""
    for name, text in refused.fields.items():
        form.fail(name, text)
    if not refused.fields:
        form.fail("", refused.message)


def _money(value: Any, row: Any) -> str:
    return money(value, row["currency"]) if value is not None else ""


def _what(value: Any, row: Any) -> str:
    """Return what a break is about, in as few words as tell it from others."""
    facts = row["facts"]
    named = [facts.get(name) for name in ("payment", "refund", "payout") if facts.get(name)]
    kind = words.LINE_KINDS.get(row["line_kind"] or "other", words.LINE_KINDS["other"])
    return str(value or " · ".join(named) or kind)[:80]


def break_columns(root: str) -> tuple[Column, ...]:
    """Return the columns of the worklist of breaks."""
    return (
        Column(
            "kind",
            t("What differs"),
            is_main=True,
            words=words.KIND_WORDS,
            href=lambda row: f"{root}/breaks/{row['id']}",
        ),
        Column("text", t("About"), format=_what),
        Column("day", t("Day"), format="date", sortable=True),
        Column("created_at", t("Waiting since"), format="ago", sortable=True),
        Column("expected_minor", t("With us"), format=_money, align="end"),
        Column("found_minor", t("With them"), format=_money, align="end", sortable=True, sort="amount"),
        Column("owner_name", t("Owner")),
        Column("status", t("State"), format="badge", words=words.BREAK_WORDS, tones=words.BREAK_TONES),
    )


def line_columns(root: str) -> tuple[Column, ...]:
    """Return the columns of lists of lines."""
    return (
        Column(
            "text", t("Line"), is_main=True, value=_line_name, href=lambda row: f"{root}/lines/{row['id']}"
        ),
        Column("kind", t("Kind"), words=words.LINE_KINDS),
        Column("channel", t("Channel"), words=words.CHANNELS),
        Column("occurred_at", t("When"), format="datetime", sortable=True),
        Column("fee_minor", t("Channel fee"), format="amount"),
        Column("amount_minor", t("Amount"), format="money", sortable=True),
        Column("matched_by", t("How matched"), words=words.HOW),
        Column("status", t("State"), format="badge", words=words.LINE_WORDS, tones=words.LINE_TONES),
    )


FILED = (Column("reference", t("Our reference")), Column("channel_reference", t("Their reference")))
"""What only the file of lines has besides."""


def _line_name(row: Any) -> str:
    return str(row["text"] or row["channel_reference"] or row["reference"] or f"#{row['position']}")


def statement_columns(root: str) -> tuple[Column, ...]:
    """Return the columns of the list of statements."""
    return (
        Column(
            "source",
            t("Statement"),
            words=words.FILES,
            is_main=True,
            href=lambda row: f"{root}/statements/{row['id']}",
        ),
        Column("account_mask", t("Account"), format="id"),
        Column("day_from", t("From"), format="date"),
        Column("day_until", t("To"), format="date"),
        Column("line_count", t("Lines"), format="number"),
        Column("in_minor", t("In"), format="money"),
        Column("out_minor", t("Out"), format="amount"),
        Column("fee_minor", t("Channel fees"), format="amount"),
        Column("created_at", t("Read"), format="datetime"),
    )


STATEMENT_FILED = (Column("filename", t("File")), Column("read_by_name", t("By")))
"""What only the file of statements has besides."""
