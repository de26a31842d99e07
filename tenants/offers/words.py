"""Offers in words: states, and where one comes from."""

from collections.abc import Mapping
from typing import Any

from ui.i18n import N_, current_locale, gettext

STATES: Mapping[str, str] = {
    "draft": N_("Draft"),
    "published": N_("Offered"),
    "withdrawn": N_("Offered no longer"),
    "replaced": N_("Replaced"),
}
TONES: Mapping[str, Any] = {"draft": "warning", "published": "success"}


def from_words(origin: Mapping[str, Any] | None) -> str:
    """Return whose offer it was and in which version, down from the union; a dash for what was written here."""
    if not origin:
        return "–"
    bank = origin["bank_zh"] if current_locale() == "zh_CN" else origin["bank"]
    here = gettext("{bank}, version {n}", bank=bank, n=origin["number"])
    above = origin.get("above")
    return f"{from_words(above)} → {here}" if above else here
