"""What is kept about a person, in words: a name for each kind of row, and each row fact by fact."""

import re
from collections.abc import Mapping
from typing import Any

from tenants import audit_words
from ui.i18n import N_, gettext

_tables: dict[str, str] = {}
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
    }
)
"""What leads from row to row, or is for machines; the file has it all."""
_LABELS = {
    "account_name": N_("Name"),
    "account_number": N_("Account"),
    "adjusted_minor": N_("Corrected"),
    "amount_minor": N_("Amount"),
    "asked_by_name": N_("Asked by"),
    "auth_time": N_("Signed in on"),
    "balance_minor": N_("Balance"),
    "body": N_("Text"),
    "by_name": N_("By"),
    "channel": N_("Channel"),
    "closed_at": N_("Closed on"),
    "code": N_("Code"),
    "confirmed_at": N_("Confirmed on"),
    "created_at": N_("Noted on"),
    "day": N_("Day"),
    "decided_by_name": N_("Decided by"),
    "due_on": N_("Due"),
    "ended_at": N_("Ended on"),
    "expires_at": N_("Runs out on"),
    "inputs": N_("Worked out from"),
    "is_default_payer": N_("Pays as a rule"),
    "issued_at": N_("Issued on"),
    "kind": N_("Kind"),
    "last_used_at": N_("Last used on"),
    "names": N_("Name"),
    "note": N_("Note"),
    "number": N_("Number"),
    "paid_minor": N_("Paid"),
    "period": N_("Month"),
    "person_name": N_("By"),
    "place": N_("Place"),
    "price_minor": N_("Price"),
    "recipient": N_("Sent to"),
    "reference": N_("Reference"),
    "relation": N_("Relation"),
    "seen_at": N_("Last used on"),
    "sent_at": N_("Sent on"),
    "since": N_("Since"),
    "starts_at": N_("Begins"),
    "status": N_("State"),
    "subject": N_("About"),
    "succeeded_at": N_("Paid on"),
    "text": N_("Text"),
    "total_minor": N_("Total"),
    "until": N_("Until"),
}
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def tell_tables(names: Mapping[str, str]) -> None:
    """Give tables the words (English msgids) under which people read what is kept about them; safe to call again."""
    _tables.update(names)


def title_of(table: str) -> str:
    """Return what the rows of a table are, in the reader's language."""
    return (
        gettext(_tables[table])
        if table in _tables
        else table.partition("_")[2].replace("_", " ").capitalize()
    )


def lines_of(table: str, row: Mapping[str, Any]) -> list[str]:
    """Return what a row says, fact by fact, in the reader's language and form."""
    facts = {
        name: fact
        for name, fact in row.items()
        if name not in _HIDDEN and not name.endswith("_id") and not _UUID.fullmatch(str(fact))
    }
    return audit_words.changes(table.partition("_")[2], {}, facts, str(row.get("currency", "")))


audit_words.tell_labels(_LABELS)
tell_tables(
    {
        "tenants_account": N_("Accounts"),
        "tenants_audit": N_("What was done about you"),
        "tenants_consent": N_("What you agreed to"),
        "tenants_holder": N_("Accounts that you hold"),
        "tenants_identity": N_("Your login at the bank"),
        "tenants_notice": N_("Messages to you"),
        "tenants_person": N_("You"),
        "tenants_person_request": N_("What you asked for about your data"),
        "tenants_session": N_("Your sign-ins"),
    }
)
