"""The parts of the risk room."""

from tenants.actor import Actor
from ui.i18n import N_, t
from ui.shell import NavItem

_PARTS = (
    (N_("Alerts"), "/risk"),
    (N_("Waiting for the bank"), "/risk/holds"),
    (N_("Risk rules"), "/risk/rules"),
)


def tabs(actor: Actor, current: str) -> list[NavItem]:
    """Return the tabs, one of them current."""
    root = f"/bank/{actor.place['slug']}"
    return [NavItem(label=t(name), href=root + path, is_current=path == current) for name, path in _PARTS]
