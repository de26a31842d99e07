"""The states of vendors, apps, versions and installations, and which may follow which. Data."""

from typing import Any

from ui.errors import Conflict
from ui.i18n import N_, t

VENDOR_MOVES: dict[str, frozenset[str]] = {
    "registered": frozenset({"admitted", "refused"}),
    "admitted": frozenset({"suspended"}),
    "suspended": frozenset({"admitted"}),
    "refused": frozenset(),
}
VENDOR_WORDS = {
    "registered": N_("Waiting for admission"),
    "admitted": N_("Admitted"),
    "refused": N_("Refused"),
    "suspended": N_("Suspended"),
}
VERSION_MOVES: dict[str, frozenset[str]] = {
    "draft": frozenset({"submitted"}),
    "submitted": frozenset({"draft", "returned", "listed"}),
    "returned": frozenset({"submitted"}),
    "listed": frozenset({"replaced", "suspended"}),
    "suspended": frozenset({"listed", "replaced"}),
    "replaced": frozenset(),
}
VERSION_WORDS = {
    "draft": N_("Draft"),
    "submitted": N_("In review"),
    "returned": N_("Returned"),
    "listed": N_("Listed"),
    "suspended": N_("Suspended"),
    "replaced": N_("Replaced"),
}
APP_WORDS = {"draft": N_("Draft"), "listed": N_("Listed"), "suspended": N_("Suspended")}
INSTALLATION_MOVES: dict[str, frozenset[str]] = {
    "active": frozenset({"paused", "uninstalled"}),
    "paused": frozenset({"active", "uninstalled"}),
    "uninstalled": frozenset(),
}
INSTALLATION_WORDS = {"active": N_("In use"), "paused": N_("Paused"), "uninstalled": N_("Uninstalled")}
TONES: dict[str, Any] = {
    "registered": "info",
    "submitted": "info",
    "admitted": "success",
    "listed": "success",
    "active": "success",
    "returned": "warning",
    "paused": "warning",
    "suspended": "danger",
    "refused": "danger",
}


def check(moves: dict[str, frozenset[str]], was: str, becomes: str) -> None:
    """Raise ``Conflict`` unless this state may follow that one."""
    if becomes not in moves[was]:
        raise Conflict("app.state", t("This has changed in the meantime. Open the page again."))
