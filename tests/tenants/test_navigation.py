import pytest

from tenants import navigation
from tenants.actor import Actor
from tenants.ids import new_id
from tenants.navigation import HEADINGS, TENANT_PLACES, Place, add_tenant_places, shell_for
from tenants.permissions import TENANT_PERMISSIONS

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
