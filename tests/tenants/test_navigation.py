from dataclasses import replace

import pytest

from tenants import navigation
from tenants.actor import Actor
from tenants.ids import new_id
from tenants.kinds import SCENARIOS
from tenants.navigation import HEADINGS, TENANT_PLACES, Place, add_tenant_places, home_of, shell_for
from tenants.permissions import TENANT_PERMISSIONS, roles_of

PLACE = {
    "slug": "tengah",
    "short_name": "Tengah",
    "bank_name": "银行",
    "bank_name_en": "Bank",
    "bank_accent": "#0b5d7a",
    "scenarios": ["community"],
    "timezone": "UTC",
}


def rail(*permissions: str) -> list[tuple[str, list[str]]]:
    actor = Actor(kind="staff", name="A", tenant_id=new_id(), permissions=frozenset(permissions), place=PLACE)
    return [(str(group.label), [item.href for item in group.items]) for group in shell_for(actor).nav]


def test_the_rail_stands_under_headings_in_their_order_and_shows_what_may_be_opened(app):
    seen = rail(*TENANT_PERMISSIONS)
    known = [heading for _, heading in HEADINGS]
    assert [heading for heading, _ in seen] == [heading for heading in known if heading in dict(seen)]
    hrefs = [href for _, items in seen for href in items]
    wanted = {"/t/tengah" + place.path for place in TENANT_PLACES if place.scenario in {"", "community"}}
    assert sorted(hrefs) == sorted(wanted)
    assert "/t/tengah/payments" in dict(seen)["Money"]


def test_a_heading_without_a_place_is_left_out(app):
    assert rail("audit.read") == [("Administration", ["/t/tengah/audit", "/t/tengah/isolation"])]
    assert rail() == []


@pytest.fixture
def own_places(app, monkeypatch):
    monkeypatch.setattr(navigation, "TENANT_PLACES", list(TENANT_PLACES))
    yield
    navigation._rail.cache_clear()
    navigation._home.cache_clear()


def test_a_place_added_later_is_seen_at_once(own_places):
    assert rail("audit.read")
    add_tenant_places(Place("Meters", "/meters", "audit.read", "dot", 16))
    assert rail("audit.read")[0] == ("People and places", ["/t/tengah/meters"])


def test_payers_find_the_rooms_of_what_they_hold_and_newcomers_those_that_are_open_to_them(app):
    payer = Actor(
        kind="payer", name="A", person_id=new_id(), place={"scenarios": ["community"], "timezone": "UTC"}
    )
    seen = [item.href for group in shell_for(payer).nav for item in group.items]
    assert "/my/home" in seen
    assert "/my/school" not in seen
    assert [place.path for place in navigation.other_places(["community"])] == ["/care"]
    assert navigation.other_places(["hospital"]) == []


def test_a_receipt_stands_in_the_history(app):
    payer = Actor(kind="payer", name="A", person_id=new_id(), place={"scenarios": [], "timezone": "UTC"})

    def marked(path):
        nav = shell_for(payer).at(path).nav
        return [item.href for group in nav for item in group.items if item.is_current]

    assert marked(f"/my/receipts/{new_id()}") == ["/my/payments"]
    assert marked(f"/my/bills/{new_id()}") == ["/my"]
    assert marked("/my/receipts-of-others") == ["/my"]


@pytest.mark.parametrize(
    ("scenario", "role", "path"),
    [
        ("community", "cashier", "/desk"),
        ("community", "finance", "/worklist"),
        ("community", "front_desk", "/work"),
        ("community", "technician", "/work/mine"),
        ("community", "gate", "/gate"),
        ("community", "shopkeeper", "/merchants"),
        ("community", "administrator", ""),
        ("community", "reader", ""),
        ("education", "front_desk", "/accounts"),
        ("education", "class_teacher", "/classes"),
        ("education", "canteen", "/till"),
        ("hospital", "front_desk", "/front-desk"),
        ("hospital", "doctor", "/consulting"),
        ("hospital", "ward_clerk", "/stays"),
        ("tourism", "ticket_clerk", "/ticket-orders"),
        ("tourism", "gate_supervisor", "/gates"),
    ],
)
def test_everybody_begins_where_their_work_is(app, scenario, role, path):
    assert home_of(somebody(scenario, role)) == f"/t/tengah{path}"


def test_who_has_work_in_two_places_begins_at_the_overview(app):
    assert home_of(somebody("community", "cashier", "finance")) == "/t/tengah"
    assert home_of(somebody("community", "cashier", "gate")) == "/t/tengah"


def test_who_may_no_longer_work_there_begins_at_what_is_left(app):
    assert (
        home_of(replace(somebody("community", "cashier"), permissions=frozenset({"audit.read"})))
        == "/t/tengah/audit"
    )


def test_every_beginning_is_a_place_that_the_role_may_open(app):
    for scenario in SCENARIOS:
        for role in roles_of([scenario]):
            assert home_of(somebody(scenario, role.key)) == f"/t/tengah{role.begins}" or not role.begins


def somebody(scenario: str, *keys: str) -> Actor:
    held = [role for role in roles_of([scenario]) if role.key in keys]
    return Actor(
        kind="staff",
        name="A",
        tenant_id=new_id(),
        permissions=frozenset().union(*(role.permissions for role in held)),
        roles=tuple(role.name for role in held),
        place=PLACE | {"scenarios": [scenario]},
    )
