"""The nouns in the rail: each package adds its own, each shown to those who may open it."""

from dataclasses import dataclass

from tenants.actor import Actor
from ui.i18n import N_, t
from ui.shell import NavGroup, NavItem, Shell


@dataclass(frozen=True, slots=True)
class Place:
    """One noun of a console: English label, path below the console's root, what it takes, where it stands."""

    label: str
    path: str
    permission: str
    icon: str
    order: int
    scenario: str = ""


TENANT_PLACES: list[Place] = [
    Place(N_("Overview"), "", "dashboard.read", "home", 0),
    Place(N_("Accounts"), "/accounts", "accounts.read", "building", 10),
    Place(N_("Imports"), "/imports", "imports.write", "upload", 15),
    Place(N_("Staff"), "/staff", "people.read", "people", 80),
    Place(N_("Background work"), "/operations", "operations.read", "clock", 90),
    Place(N_("Audit trail"), "/audit", "audit.read", "list", 95),
]
BANK_PLACES: list[Place] = [
    Place(N_("Overview"), "", "bank.read", "home", 0),
    Place(N_("Applications"), "/applications", "bank.read", "document", 10),
    Place(N_("Institutions"), "/tenants", "tenants.read", "building", 20),
    Place(N_("Branches"), "/branches", "bank.read", "branch", 30),
    Place(N_("Staff"), "/staff", "bank.read", "people", 40),
    Place(N_("Audit trail"), "/audit", "audit.read", "list", 90),
]
PAYER_PLACES: list[Place] = [
    Place(N_("To pay"), "", "", "bill", 0),
    Place(N_("History"), "/payments", "", "receipt", 10),
    Place(N_("My accounts"), "/accounts", "", "home", 20),
]


def add_tenant_places(*places: Place) -> None:
    """Add nouns to every tenant's console (or to one scenario's); safe to call again."""
    TENANT_PLACES.extend(place for place in places if place not in TENANT_PLACES)


def _items(places: list[Place], root: str, actor: Actor, scenarios: list[str]) -> list[NavItem]:
    seen = [
        place
        for place in places
        if (not place.permission or actor.may(place.permission))
        and (not place.scenario or place.scenario in scenarios)
    ]
    ordered = sorted(seen, key=lambda place: place.order)
    return [NavItem(label=t(place.label), href=root + place.path, icon=place.icon) for place in ordered]


def _menu() -> list[NavItem]:
    return [
        NavItem(label=t("My places"), href="/home", icon="grid"),
        NavItem(label=t("My sign-ins"), href="/sessions", icon="lock"),
    ]


def shell_for(actor: Actor) -> Shell:
    """Return the surroundings of this actor's pages: brand, rail, menu."""
    place = actor.place
    if actor.kind == "staff":
        root = f"/t/{place['slug']}"
        items = _items(TENANT_PLACES, root, actor, place["scenarios"])
        return Shell(
            face="console",
            title=place["short_name"],
            brand=place["bank_name"],
            accent=place["bank_accent"].lstrip("#"),
            home=root,
            nav=[NavGroup(items)],
            person_hint=", ".join(actor.roles),
            zone=place["timezone"],
            person_name=actor.name,
            menu=_menu(),
            sign_out="/sign-out",
        )
    if actor.kind == "bank":
        root = f"/bank/{place['slug']}"
        return Shell(
            face="console",
            title=place["name"],
            brand=place["name_en"],
            accent=place["accent"].lstrip("#"),
            home=root,
            nav=[NavGroup(_items(BANK_PLACES, root, actor, []))],
            person_name=actor.name,
            menu=_menu(),
            sign_out="/sign-out",
        )
    if actor.kind == "link":
        accent = str(place.get("bank_accent", "")).lstrip("#")
        return Shell(
            face="payer", title=place.get("name", ""), accent=accent, zone=place.get("timezone", "UTC")
        )
    return Shell(
        face="payer",
        title=t("My bills"),
        home="/my",
        nav=[NavGroup(_items(PAYER_PLACES, "/my", actor, []))],
        person_name=actor.name,
        menu=_menu(),
        sign_out="/sign-out",
    )
