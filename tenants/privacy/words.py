"""What is kept about a person, in words: a name for each kind of row, and each row fact by fact."""

from collections.abc import Mapping
from typing import Any

from tenants import audit_words
from ui.i18n import N_, gettext

_tables: dict[str, str] = {}
_KEY = ("id", "sort_key", "issuer", "claims", "user_agent")


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
    """Return what a row says, fact by fact, without the keys that lead from row to row; the file has those too."""
    facts = {name: fact for name, fact in row.items() if name not in _KEY and not name.endswith("_id")}
    return audit_words.changes(table.partition("_")[2], {}, facts)


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
