"""Movements as a table, for payers, staff and files."""

import json
from typing import Any

from billing.names import localized
from billing.reasons import in_words
from billing.wallets.kinds import MOVES, WALLET_KINDS
from ui.formats import datetime_text
from ui.i18n import Text, t
from ui.tables import Column

MOVE_WORDS: dict[str, Text] = {key: kind.name for key, kind in MOVES.items()}


def _what(row: Any) -> str:
    return localized(json.loads(row["names"])) if row["names"] else ""


def _when(value: Any, row: Any) -> str:
    """Return when it was where the institution is."""
    return datetime_text(value, row["timezone"])


MOVEMENTS = (
    Column("created_at", t("When"), format=_when, is_main=True),
    Column("kind", t("What happened"), words=MOVE_WORDS),
    Column("names", t("What for"), value=_what),
    Column("note", t("Note"), value=lambda row: in_words(row["note"])),
    Column("amount_minor", t("Amount"), format="money"),
    Column("balance_minor", t("Left then"), format="money"),
)
FILED = (*MOVEMENTS, Column("by_name", t("By")))


def name_of(kind: str) -> str:
    """Return a purpose's name; its key where no scenario knows it any more."""
    return WALLET_KINDS[kind].name if kind in WALLET_KINDS else kind
