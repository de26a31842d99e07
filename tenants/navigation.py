"""The nouns in the rail: each package adds its own, each shown to those who may open it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from itertools import groupby
from typing import Any, Literal

from tenants.actor import Actor
from tenants.banks.logo import logo_of
from tenants.days import bank_zone
from tenants.permissions import BANK_ROLES, roles_of
from ui.formats import datetime_text, listed
from ui.i18n import N_, current_locale, gettext, t
from ui.shell import NavGroup, NavItem, Notice, Shell


@dataclass(frozen=True, slots=True)
class Place:
    """One noun of a console: English label, path below the console's root, what it takes, where it stands."""

    label: str
    path: str
    permission: str
    icon: str
    order: int
    scenario: str = ""
    is_for_newcomers: bool = False
    """Of a payer's: whether those come in by themselves who hold nothing of its industry yet."""
    also: tuple[str, ...] = ()
    """Paths of pages that belong to it and stand elsewhere."""
    counter: str = ""
    """Where it is said how much waits there."""


HEADINGS: Sequence[tuple[int, str]] = (
    (10, ""),
    (20, N_("People and places")),
    (40, N_("Charges")),
    (50, N_("Money")),
    (70, N_("Books")),
    (100, N_("Administration")),
)
"""What stands over an institution's places, with the order below which each heading ends."""
TENANT_PLACES: list[Place] = [
    Place(N_("Overview"), "", "dashboard.read", "home", 0),
    Place(N_("Accounts"), "/accounts", "accounts.read", "building", 10),
    Place(N_("Imports"), "/imports", "imports.write", "upload", 15),
    Place(N_("Staff"), "/staff", "people.read", "people", 80),
    Place(N_("Background work"), "/operations", "operations.read", "audit", 90),
    Place(N_("Audit trail"), "/audit", "audit.read", "list", 95),
]
BANK_PLACES: list[Place] = [
    Place(N_("Overview"), "", "bank.read", "home", 0),
    Place(N_("Applications"), "/applications", "bank.read", "file", 10),
    Place(N_("Many at once"), "/bulk", "bank.read", "upload", 15),
    Place(N_("Institutions"), "/tenants", "tenants.read", "building", 20),
    Place(N_("Requests"), "/requests", "tenants.read", "list", 25),
    Place(N_("Branches"), "/branches", "bank.read", "branch", 30),
    Place(N_("Staff"), "/staff", "bank.read", "people", 40),
    Place(N_("Audit trail"), "/audit", "audit.read", "list", 90),
    Place(N_("Policy"), "/policy", "policy.write", "settings", 95),
    Place(N_("Brand"), "/brand", "policy.write", "edit", 96),
]
PAYER_PLACES: list[Place] = [
    Place(N_("To pay"), "", "", "bill", 0),
    Place(N_("History"), "/payments", "", "receipt", 10, also=("/receipts",)),
    Place(N_("My accounts"), "/accounts", "", "home", 20),
    Place(N_("Messages"), "/messages", "", "mail", 30),
]


def add_tenant_places(*places: Place) -> None:
    """Add nouns to every tenant's console (or to one scenario's); safe to call again."""
    TENANT_PLACES.extend(place for place in places if place not in TENANT_PLACES)
    _rail.cache_clear()
    _home.cache_clear()


def add_bank_places(*places: Place) -> None:
    """Add nouns to every bank's console; safe to call again."""
    BANK_PLACES.extend(place for place in places if place not in BANK_PLACES)


def add_payer_places(*places: Place) -> None:
    """Add nouns to the pages of everybody who pays, or who holds something of one scenario; safe to call again."""
    PAYER_PLACES.extend(place for place in places if place not in PAYER_PLACES)
    _rail.cache_clear()
    _home.cache_clear()


@lru_cache(maxsize=4096)
def _rail(
    kind: Literal["staff", "bank", "payer"],
    root: str,
    permissions: frozenset[str],
    scenarios: tuple[str, ...],
) -> tuple[NavGroup, ...]:
    """Return the rail of everybody with these permissions in one place."""
    places = {"staff": TENANT_PLACES, "bank": BANK_PLACES, "payer": PAYER_PLACES}[kind]
    seen = [
        place
        for place in places
        if (not place.permission or place.permission in permissions)
        and (not place.scenario or place.scenario in scenarios)
    ]
    ordered = sorted(seen, key=lambda place: place.order)
    headed = groupby(ordered, _heading if kind == "staff" else lambda _: "")
    return tuple(
        NavGroup(
            [_item(root, place) for place in group],
            t(heading) if heading else "",
        )
        for heading, group in headed
    )


def _item(root: str, place: Place) -> NavItem:
    also = tuple(root + path for path in place.also)
    counter = root + place.counter if place.counter else ""
    return NavItem(t(place.label), root + place.path, place.icon, also=also, counter=counter)


def other_places(scenarios: Iterable[str]) -> list[Place]:
    """Return the rooms that newcomers find beside their accounts: the rail shows them once they hold something."""
    known = set(scenarios)
    return [place for place in PAYER_PLACES if place.is_for_newcomers and place.scenario not in known]


def start_of(slug: str) -> str:
    """Return the address that leads an institution's staff on to where each of them begins."""
    return f"/t/{slug}?start=1"


def home_of(actor: Actor) -> str:
    """Return where somebody of an institution begins: where the work of their role is, else at the overview.

    Who has several roles with work in different places begins at the overview, and who may not see that at the first
    place that they may open.
    """
    place = actor.place
    return _home(f"/t/{place['slug']}", actor.permissions, tuple(place["scenarios"]), tuple(actor.roles))


@lru_cache(maxsize=4096)
def _home(root: str, permissions: frozenset[str], scenarios: tuple[str, ...], roles: tuple[str, ...]) -> str:
    seen = [item.href for group in _rail("staff", root, permissions, scenarios) for item in group.items]
    begins = {role.begins for role in roles_of(scenarios) if role.name in roles}
    wanted = root + begins.pop() if len(begins) == 1 else root
    is_open = wanted in seen or any(wanted.startswith(f"{href}/") for href in seen if href != root)
    return wanted if is_open else next(iter(seen), root)


def _heading(place: Place) -> str:
    return next((heading for end, heading in HEADINGS if place.order < end), HEADINGS[-1][1])


MENU = (
    NavItem(label=t("My places"), href="/home", icon="app"),
    NavItem(label=t("My sign-ins"), href="/sessions", icon="lock"),
    NavItem(label=t("My data"), href="/my/privacy", icon="key"),
)


def _standing(place: Mapping[str, Any], root: str) -> tuple[Notice, ...]:
    """Return what staff must know on every page: that the institution is not live yet, suspended or closed."""
    looking = _looking(place, root)
    status = place.get("status")
    if status == "approved":
        text = t("Not live yet: payers cannot pay.")
        return (*looking, Notice(text, "info", f"{root}/go-live", t("What is left to do")))
    if status in {"suspended", "closing", "closed"}:
        paying = t("Payers can pay.") if place.get("takes_payments") else t("Payers cannot pay.")
        words = {
            "suspended": t("Suspended by the bank."),
            "closing": t("Being closed."),
            "closed": t("Closed."),
        }
        return (*looking, Notice(t("{state} {paying}", state=words[status], paying=paying), "warning"))
    return looking


def _looking(place: Mapping[str, Any], root: str) -> tuple[Notice, ...]:
    """Return that somebody of the bank looks in at this moment."""
    until = place.get("support_until")
    if not until:
        return ()
    text = t(
        "Somebody of the bank looks in, until {when} at the latest.",
        when=datetime_text(datetime.fromisoformat(until), place["timezone"]),
    )
    return (Notice(text, "warning", f"{root}/support", t("Who, why, and at what")),)


def named(place: Mapping[str, Any], name: str) -> str:
    """Return a bank's name in the reader's language."""
    return str(place[name] if current_locale() == "zh_CN" else place[f"{name}_en"])


def bank_of_payer(shell: Shell, place: Mapping[str, Any]) -> Shell:
    """Return a payer's surroundings in the name, colour and logo of an institution's bank (``bank_slug`` …)."""
    accent = place["bank_accent"].lstrip("#")
    return replace(shell, brand=named(place, "bank_name"), accent=accent, logo=logo_of(place))


def shell_for(actor: Actor) -> Shell:
    """Return the surroundings of this actor's pages: brand, rail, menu."""
    place = actor.place
    if actor.kind == "staff":
        root = f"/t/{place['slug']}"
        return Shell(
            face="console",
            title=place["short_name"],
            brand=named(place, "bank_name"),
            accent=place["bank_accent"].lstrip("#"),
            logo=logo_of(place),
            home=home_of(actor),
            nav=_rail("staff", root, actor.permissions, tuple(place["scenarios"])),
            person_hint=listed(gettext(role) for role in actor.roles),
            zone=place["timezone"],
            person_name=actor.name,
            menu=MENU,
            sign_out="/sign-out",
            notices=_standing(place, root),
        )
    if actor.kind == "bank":
        root = f"/bank/{place['slug']}"
        return Shell(
            face="console",
            title=t("Bank console"),
            brand=named(place, "name"),
            accent=place["accent"].lstrip("#"),
            logo=logo_of(place),
            home=root,
            nav=_rail("bank", root, actor.permissions, ()),
            person_hint=listed(gettext(BANK_ROLES[role].name) for role in actor.roles if role in BANK_ROLES),
            zone=bank_zone(place["country"]),
            person_name=actor.name,
            menu=MENU,
            sign_out="/sign-out",
        )
    if actor.kind == "link":
        return bank_of_payer(Shell(face="payer", title=place["name"], zone=place["timezone"]), place)
    return Shell(
        face="payer",
        title=t("My bills"),
        home="/my",
        zone=place.get("timezone", "UTC"),
        nav=_rail("payer", "/my", actor.permissions, tuple(sorted(place.get("scenarios", ())))),
        person_name=actor.name,
        menu=MENU,
        sign_out="/sign-out",
    )
