"""Filters and PATCH, held against the examples of RFC 7644."""

import pytest

from integrations.apps.scim import patching
from integrations.apps.scim.errors import ScimError
from integrations.apps.scim.filters import parse
from integrations.apps.scim.listing import Search, listed, narrowed

WORK = {"value": "bj@work.example", "type": "work", "primary": True}
HOME = {"value": "bj@home.example", "type": "other"}
BJENSEN = {
    "schemas": [],
    "id": "Q1",
    "userName": "bjensen",
    "externalId": "E-1",
    "name": {"familyName": "O'Malley", "givenName": "Babs"},
    "active": True,
    "emails": [WORK, HOME],
    "groups": [{"value": "g1", "display": "Finance"}],
    "meta": {"lastModified": "2026-05-13T04:42:34+00:00", "resourceType": "User"},
}


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ('userName eq "BJensen"', True),
        ('username Eq "bjensen"', True),
        ('urn:ietf:params:scim:schemas:core:2.0:User:userName sw "bj"', True),
        ('name.familyName co "O\'Malley"', True),
        ('id eq "q1"', False),
        ('externalId eq "e-1"', False),
        ("title pr", False),
        ("emails pr", True),
        ("active eq true", True),
        ('active eq "true"', False),
        ("active ne true", False),
        ('meta.lastModified gt "2026-05-13T04:42:34Z"', False),
        ('meta.lastModified ge "2026-05-13T06:42:34+02:00"', True),
        ('emails[type eq "work" and value co "@work.example"]', True),
        ('emails[type eq "other" and value co "@work.example"]', False),
        ('emails eq "bj@home.example"', True),
        ('emails.value ew "home.example"', True),
        ('not (userName eq "x") and (active eq false or groups.display eq "finance")', True),
        ('userName eq "x" or userName eq "bjensen" and active eq false', False),
        ("nickName eq null", True),
        ('userName eq "bj\\"ensen"', False),
    ],
)
def test_filters_mean_what_the_standard_says(text, holds):
    assert parse(text)(BJENSEN) is holds


@pytest.mark.parametrize(
    "text",
    [
        "", "userName", "userName eq", "userName is 1", 'userName eq "x" userName', "(active eq true", "active eq yes",
        "not active eq true", 'emails[type eq "x"', 'userName eq "x', "(" * 30 + "active pr", "x" * 2000,
    ],
)  # fmt: skip
def test_what_is_no_filter_is_refused(text):
    with pytest.raises(ScimError) as refused:
        parse(text)
    assert (refused.value.status, refused.value.kind) == (400, "invalidFilter")


def patched(*operations):
    body = {"schemas": [patching.OPERATION], "Operations": list(operations)}
    return patching.apply(BJENSEN, body)


def test_add_puts_beside_and_twice_is_once():
    new = {"value": "b@x.example", "type": "work", "primary": True}
    found = patched(
        {"op": "Add", "path": "emails", "value": [new]}, {"op": "add", "path": "emails", "value": [HOME]}
    )
    assert [one["value"] for one in found["emails"]] == ["bj@work.example", "bj@home.example", "b@x.example"]
    assert [one.get("primary", False) for one in found["emails"]] == [False, False, True]
    assert found["name"] == BJENSEN["name"]
    assert patched({"op": "add", "value": {"displayName": "Babs"}})["displayName"] == "Babs"


def test_replace_by_path_filter_and_part():
    assert patched({"op": "replace", "path": "name.givenName", "value": "Barbara"})["name"] == {
        "familyName": "O'Malley",
        "givenName": "Barbara",
    }
    found = patched({"op": "replace", "path": 'emails[type eq "work"].value', "value": "n@x.example"})
    assert found["emails"][0] == WORK | {"value": "n@x.example"}
    assert patched({"op": "replace", "path": "emails", "value": [HOME]})["emails"] == [HOME]
    assert (
        patched({"op": "replace", "value": {"active": False, "name": {"givenName": "B"}}})["active"] is False
    )
    core = "urn:ietf:params:scim:schemas:core:2.0:User:externalId"
    assert patched({"op": "replace", "path": core, "value": "E-2"})["externalId"] == "E-2"


def test_remove_takes_values_parts_or_all():
    assert patched({"op": "remove", "path": 'emails[type eq "other"]'})["emails"] == [WORK]
    assert "emails" not in patched({"op": "remove", "path": "emails"})
    assert patched({"op": "remove", "path": "name.familyName"})["name"] == {"givenName": "Babs"}
    assert BJENSEN["emails"] == [WORK, HOME], "the resource itself is untouched"


@pytest.mark.parametrize(
    ("operation", "kind"),
    [
        ({"op": "remove"}, "noTarget"),
        ({"op": "remove", "path": "userName"}, "mutability"),
        ({"op": "replace", "path": "groups", "value": []}, "mutability"),
        ({"op": "add", "path": "schemas", "value": "x"}, "mutability"),
        ({"op": "add", "path": "shoeSize", "value": 1}, "invalidPath"),
        ({"op": "add", "path": "name.shoe", "value": 1}, "invalidPath"),
        ({"op": "replace", "path": 'emails[type eq "fax"].value', "value": "x"}, "noTarget"),
        ({"op": "move", "path": "name"}, "invalidSyntax"),
        ({"op": "add", "path": "displayName"}, "invalidValue"),
    ],
)
def test_what_breaks_a_rule_changes_nothing(operation, kind):
    with pytest.raises(ScimError) as refused:
        patched({"op": "replace", "path": "displayName", "value": "X"}, operation)
    assert (refused.value.status, refused.value.kind) == (400, kind)


def test_lists_are_sorted_paged_and_narrowed():
    people = [BJENSEN | {"id": str(n), "userName": f"u{9 - n}"} for n in range(5)]
    page = listed(
        people, Search(sort_by="userName", start=2, count=2, attributes=("userName", "emails.value"))
    )
    assert (page["totalResults"], page["startIndex"], page["itemsPerPage"]) == (5, 2, 2)
    assert [one["userName"] for one in page["Resources"]] == ["u6", "u7"]
    assert page["Resources"][0]["emails"] == [{"value": "bj@work.example"}, {"value": "bj@home.example"}]
    assert set(page["Resources"][0]) == {"schemas", "id", "userName", "emails"}
    less = narrowed(BJENSEN, Search(excluded=("emails", "name.familyName", "id")))
    assert "emails" not in less
    assert (less["id"], less["name"]) == ("Q1", {"givenName": "Babs"})
    assert listed(people, Search(count=0))["Resources"] == []
