"""What is kept about a person, in words: a name for each kind of row, and each row fact by fact."""

import re
from collections.abc import Iterable, Mapping
from datetime import date
from functools import partial
from typing import Any

from tenants import audit_words, kinds
from tenants.audit_words import Fact
from tenants.privacy.consents import PURPOSES
from tenants.privacy.requests import STATES
from ui.formats import month_text
from ui.i18n import N_, gettext

_tables: dict[str, str] = {}
_facts: dict[str, Fact] = {}
_HIDDEN = frozenset(
    {
        "id",
        "sort_key",
        "issuer",
        "claims",
        "user_agent",
        "position",
        "key",
        "is_live",
        "is_periodic",
        "is_told",
        "told_for",
        "version",
        "source",
        "document",
        "template",
        "request",
        "nonce",
        "fingerprint",
        "customer",
        "redirect_url",
        "return_url",
        "authorise_url",
        "channel_reference",
        "error",
        "tries",
        "file_key",
        "photo_key",
        "currency",
        "account_kinds",
        "channel_payment",
        "customer_type",
        "floor_minor",
        "is_single",
        "section",
        "sent_count",
        "source_kind",
        "targets",
        "is_internal",
    }
)
"""What leads from row to row, or is for machines; the file has it all."""
_LABELS = {
    "accepted_at": N_("Accepted on"),
    "account_name": N_("Name"),
    "account_number": N_("Account"),
    "activated_at": N_("In force since"),
    "activated_by_name": N_("Put into force by"),
    "adjusted_minor": N_("Corrected"),
    "agreed_at": N_("Agreed on"),
    "alert_minor": N_("Told when below"),
    "allergies": N_("Must not eat"),
    "amount_minor": N_("Amount"),
    "answer": N_("Answer"),
    "answered_at": N_("Answered on"),
    "answered_by_name": N_("Answered by"),
    "answers": N_("Answers"),
    "asked_at": N_("Asked on"),
    "asked_by_name": N_("Asked by"),
    "attributes": N_("Details"),
    "audience": N_("For whom"),
    "auth_time": N_("Signed in on"),
    "balance_minor": N_("Balance"),
    "bodies": N_("What it says"),
    "body": N_("What it says"),
    "born_on": N_("Born on"),
    "by_name": N_("By"),
    "cause": N_("Reason"),
    "channel": N_("Channel"),
    "child_name": N_("Name of the child"),
    "closed_at": N_("Closed on"),
    "changed_at": N_("Changed on"),
    "closed_on": N_("Closed on"),
    "closes_at": N_("Closes on"),
    "code": N_("Code"),
    "confirmed_at": N_("Confirmed on"),
    "created_at": N_("Noted on"),
    "created_by_name": N_("Written by"),
    "daily_limit_minor": N_("Limit a day"),
    "day": N_("Day"),
    "day_of_month": N_("Day of the month"),
    "decided_by_name": N_("Decided by"),
    "decided_at": N_("Decided on"),
    "due_on": N_("Due"),
    "booked_by_name": N_("Booked by"),
    "ended_by_name": N_("Ended by"),
    "ended_reason": N_("Why it ended"),
    "ended_at": N_("Ended on"),
    "expires_at": N_("Runs out on"),
    "files": N_("Files"),
    "for_child": N_("For the child"),
    "given_by_name": N_("Given by"),
    "ip": N_("Address on the network"),
    "given_at": N_("Given on"),
    "grades": N_("Grades"),
    "granted_by_name": N_("Given by"),
    "has_sibling": N_("A sibling is here already"),
    "has_waiting": N_("Has a waiting list"),
    "inputs": N_("Worked out from"),
    "is_default_payer": N_("Pays as a rule"),
    "is_given": N_("Agreed"),
    "is_undone": N_("Undone"),
    "issued_at": N_("Issued on"),
    "items": N_("What was bought"),
    "kind": N_("Kind"),
    "last_used_at": N_("Last used on"),
    "level_minor": N_("Filled up below"),
    "minutes": N_("Minutes"),
    "most_each": N_("At most for each child"),
    "names": N_("Name"),
    "month_minor": N_("At most in a month"),
    "needs_confirming": N_("Wants to be confirmed"),
    "note": N_("Note"),
    "number": N_("Number"),
    "opens_at": N_("Opens on"),
    "paid_at": N_("Paid on"),
    "paid_minor": N_("Paid"),
    "payer_email": N_("Payer's e-mail"),
    "payer_name": N_("Payer"),
    "percent": N_("Percent"),
    "period": N_("Month"),
    "person_name": N_("By"),
    "place": N_("Place"),
    "price_minor": N_("Price"),
    "proposed_by_name": N_("Proposed by"),
    "published_at": N_("Published on"),
    "quantity": N_("How many"),
    "questions": N_("Questions"),
    "recipient": N_("Sent to"),
    "reminded_at": N_("Reminded on"),
    "reference": N_("Reference"),
    "refunded_minor": N_("Refunded"),
    "refunding_minor": N_("Being refunded"),
    "relation": N_("Relation"),
    "saved_at": N_("Kept since"),
    "saved_by_name": N_("Written by"),
    "seen_at": N_("Last used on"),
    "sent_at": N_("Sent on"),
    "served_by_name": N_("Served by"),
    "since": N_("Since"),
    "starts_at": N_("Begins"),
    "status": N_("State"),
    "subject": N_("About"),
    "submitted_at": N_("Handed in on"),
    "succeeded_at": N_("Paid on"),
    "taken": N_("Taken"),
    "text": N_("What it says"),
    "texts": N_("What it says"),
    "titles": N_("Heading"),
    "total_minor": N_("Total"),
    "until": N_("Until"),
    "updated_at": N_("Changed on"),
    "valid_from": N_("Good from"),
    "valid_until": N_("Good until"),
    "ways": N_("Told by"),
    "withdrawn_at": N_("Taken back on"),
    "withdrawn_by_name": N_("Taken back by"),
    "words": N_("The words agreed to"),
}
TRAIL = "tenants_audit"
_PEOPLE = ("tenants_person", "tenants_holder", "tenants_membership", "tenants_bank_membership")
"""Where ``name`` is that of a human being."""
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def tell_tables(names: Mapping[str, str], facts: Mapping[str, Fact] | None = None) -> None:
    """Give tables the words (English msgids) under which people read what is kept about them; safe to call again.

    ``facts`` say columns, as ``table.column``, that the audit trail has no words for or says in other ones.
    """
    _tables.update(names)
    _facts.update(facts or {})


def lacking(table: str, columns: Iterable[str]) -> list[str]:
    """Return the columns of a table that would be shown under the name they have in the database."""
    kind = table.partition("_")[2]
    shown = (name for name in columns if name not in _HIDDEN and not name.endswith("_id"))
    return [
        name
        for name in shown
        if f"{table}.{name}" not in _facts and name not in _LABELS and not audit_words.has_label(kind, name)
    ]


def tables() -> Mapping[str, str]:
    """Return every table that has words."""
    return _tables


def title_of(table: str) -> str:
    """Return what the rows of a table are, in the reader's language."""
    return (
        gettext(_tables[table])
        if table in _tables
        else table.partition("_")[2].replace("_", " ").capitalize()
    )


def _purpose(value: Any, _currency: str) -> str:
    """Consents of a person, and those that scenarios keep under the same name."""
    return audit_words.plain(value, {key: one.name for key, one in PURPOSES.items()})


def _scenario(value: Any, _currency: str) -> str:
    return audit_words.plain(value, {key: one.name for key, one in kinds.SCENARIOS.items()})


def _month(value: Any, _currency: str) -> str:
    return month_text(date.fromisoformat(str(value)))


def lines_of(table: str, row: Mapping[str, Any], coins: Mapping[str, str]) -> list[str]:
    """Return what a row says, fact by fact, in the reader's language and form.

    ``coins`` are the institutions' currencies, for amounts whose row names none.
    """
    coin = str(row.get("currency") or coins.get(str(row.get("tenant_id")), ""))
    if table == TRAIL:
        return _act(row, coin)
    facts = {
        name: fact
        for name, fact in row.items()
        if name not in _HIDDEN and not name.endswith("_id") and not _UUID.fullmatch(str(fact))
    }
    kind = table.partition("_")[2]
    own = {name: _facts[key] for name in facts if (key := f"{table}.{name}") in _facts}
    return [
        line
        for name, fact in facts.items()
        for line in audit_words.fact(kind, name, fact, coin, own.get(name))
    ]


def _act(row: Mapping[str, Any], coin: str) -> list[str]:
    """Return an act of the trail as the trail tells it: when, who, what, and what it changed."""
    kind = str(row["subject_kind"])
    about = audit_words.subject_text(kind, str(row["subject_label"]))
    head = [audit_words.plain(row["created_at"]), row["person_name"], audit_words.act_text(row["act"]), about]
    return [
        " · ".join(str(part) for part in head if part),
        *audit_words.changes(kind, row["before"] or {}, row["after"] or {}, coin),
    ]


audit_words.tell_labels(_LABELS)
audit_words.tell(
    {},
    {
        "consent.purpose": Fact(N_("About"), show=_purpose),
        "notice.channel": Fact(N_("Channel"), words={"email": N_("E-mail"), "in_app": N_("Messages here")}),
        "notice.status": Fact(
            N_("State"),
            words={
                "shown": N_("Shown here"),
                "sent": N_("Sent"),
                "waiting": N_("Waiting"),
                "failed": N_("Failed"),
            },
        ),
        "person.locale": Fact(N_("Language"), words={"en": "English", "zh_CN": "简体中文"}),
        "person_request.status": Fact(N_("State"), words=STATES),
        "scenario": Fact(N_("Industry cloud"), show=_scenario),
    },
    {"consent": partial(_purpose, _currency="")},
)
tell_tables(
    {
        "tenants_account": N_("Accounts"),
        "tenants_bank_membership": N_("Your roles at banks"),
        "tenants_membership": N_("Your roles at institutions"),
        "tenants_audit": N_("What was done about you"),
        "tenants_consent": N_("What you agreed to"),
        "tenants_holder": N_("Accounts that you hold"),
        "tenants_identity": N_("Your login at the bank"),
        "tenants_notice": N_("Messages to you"),
        "tenants_parked_form": N_("Forms that wait until you have signed in again"),
        "tenants_person": N_("You"),
        "tenants_person_request": N_("What you asked for about your data"),
        "tenants_session": N_("Your sign-ins"),
        "tenants_support_access": N_("When you looked into institutions for the bank"),
    },
    {
        "tenants_bank_membership.stands_in_for": Fact(N_("Stands in for")),
        "tenants_identity.subject": Fact(N_("Number at the bank")),
        "tenants_notice.subject": Fact(N_("Heading")),
        **{
            f"tenants_parked_form.{name}": Fact("")
            for name in ("path", "fields", "fields_", "files", "used_at")
        },
        "tenants_session.company": Fact(N_("Acting for"), show=lambda value, _: str(value.get("name", ""))),
        **{
            f"{table}.period": Fact(N_("Month"), show=_month)
            for table in ("billing_bill", "billing_bill_line")
        },
        **{f"{table}.name": Fact(N_("Full name")) for table in _PEOPLE},
    },
)
