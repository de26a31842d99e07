"""OneRoster bundles: the real flawed one, the same twice, changes, and what a bulk file no longer has."""

from pathlib import Path

import pytest

from scenarios.education.models import SchoolClass, SchoolEnrolment, SchoolUser
from tenants.models import Account, Audit, Holder
from tenants.scope import open_scope, tenant_scope
from tests import make
from tests.jobs import run_due
from tests.page import inspect
from tests.scenarios.education import world
from ui.errors import Conflict, Invalid

FLAWED = Path(__file__).parent / "data/oneroster_v1p2_full_dataset.zip"


def told(bundle):
    return {(p["file"], p["row"], p["column"], p["outcome"]) for p in bundle.problems}


async def test_every_flaw_of_the_real_bundle_is_told_once_and_what_is_sound_comes_in(db, bank):
    tenant, staff = await world.school(bank)
    found = await world.bring_roster(tenant, staff, FLAWED.read_bytes())
    assert found.state == "applied"
    problems = told(found)
    assert ("users", 1, "prefferedGivenName", "warned") in problems
    assert ("users", 1, "password", "warned") in problems
    assert ("roles", 1, "dataLastModified", "warned") in problems
    assert ("roles", 1, "", "warned") in problems
    assert ("userprofiles.csv", 1, "", "warned") in problems
    assert ("users", 2, "dateLastModified", "warned") in problems
    assert ("orgs", 2, "parentSourcedId", "warned") in problems
    assert ("classes", 2, "courseSourcedId", "warned") in problems
    assert ("classes", 2, "schoolSourcedId", "warned") in problems
    assert ("academicSessions", 4, "status", "warned") in problems
    assert ("enrollments", 3, "userSourcedId", "warned") in problems
    assert {p for p in problems if p[0] == "manifest"} == {
        ("manifest", n, f"file.{name}", "warned")
        for n, name in ((21, "scoreScales"), (22, "userProfiles"), (23, "userResources"))
    }
    assert len(problems) == len(found.problems), "each is told once"
    assert {p["outcome"] for p in found.problems} == {"warned"}
    async with open_scope(tenant_scope(tenant.id)):
        assert await SchoolUser.filter(tenant_id=tenant.id).count() == 6
        history = await SchoolClass.get(tenant_id=tenant.id, sourced_id="cls-222-123478")
        assert history.closed_on is not None
        assert await SchoolEnrolment.filter(tenant_id=tenant.id).count() == 6
        assert await Account.filter(tenant_id=tenant.id).count() == 0, "their roles have ended"


async def test_the_same_bundle_twice_changes_nothing_the_second_time(db, bank):
    tenant, staff = await world.school(bank)
    content = world.bundle(**world.small_roster(3))
    first = await world.bring_roster(tenant, staff, content)
    assert first.counts["accounts"] == {"added": 3, "changed": 0, "closed": 0}
    assert first.counts["holders"]["added"] == 3
    second = await world.bring_roster(tenant, staff, content)
    assert {
        key: one.get(key, 0) for one in second.counts.values() for key in ("added", "changed", "closed")
    } == {"added": 0, "changed": 0, "closed": 0}


async def test_pupils_become_accounts_in_their_class_with_their_guardian(db, bank):
    tenant, staff = await world.school(bank)
    await world.bring_roster(tenant, staff, world.bundle(**world.small_roster(2)))
    first, second = await world.account(tenant, "S001"), await world.account(tenant, "S002")
    assert (first.place, first.attributes["grade"], first.name) == ("3A", "3", "Child1 Tan")
    assert (first.attributes["sibling_rank"], second.attributes["sibling_rank"]) == (1, 2)
    async with open_scope(tenant_scope(tenant.id)):
        holder = await Holder.get(tenant_id=tenant.id, account_id=first.id)
        assert (holder.relation, holder.name, holder.email) == ("parent", "Mei Tan", "mei@mail.example")
        assert await Audit.filter(tenant_id=tenant.id, act="roster.applied").count() == 1
        columns = {name for name in SchoolUser._meta.fields_map if "password" in name}
        assert columns == set()


async def test_a_delta_touches_its_rows_alone_and_bulk_ends_what_is_missing(db, bank):
    tenant, staff = await world.school(bank)
    roster = world.small_roster(3)
    await world.bring_roster(tenant, staff, world.bundle(**roster))
    changed = dict(roster["users"][0], familyName="Lim", status="active")
    gone = dict(roster["enrollments"][1], status="tobedeleted")
    delta = world.bundle({"users": "delta", "enrollments": "delta"}, users=[changed], enrollments=[gone])
    brought = await world.bring_roster(tenant, staff, delta)
    ended = brought.counts["enrollments"]
    assert [ended[key] for key in ("added", "changed", "closed")] == [0, 0, 1]
    assert (await world.account(tenant, "S001")).name == "Child1 Lim"
    assert (await world.account(tenant, "S002")).is_active
    fewer = world.small_roster(2)
    found = await world.bring_roster(tenant, staff, world.bundle(**fewer))
    assert found.counts["accounts"]["closed"] == 1
    third = await world.account(tenant, "S003")
    assert (third.is_active, third.closed_on is not None) == (False, True)
    async with open_scope(tenant_scope(tenant.id)):
        assert await SchoolUser.filter(tenant_id=tenant.id).count() == 5, "nothing is deleted"


async def test_what_a_delta_ends_and_nobody_knows_is_told(db, bank):
    tenant, staff = await world.school(bank)
    roster = world.small_roster(2)
    await world.bring_roster(tenant, staff, world.bundle(**roster))
    known, unknown = (
        dict(roster["enrollments"][1], sourcedId=one, status="tobedeleted")
        for one in (roster["enrollments"][1]["sourcedId"], "mistyped")
    )
    delta = world.bundle({"enrollments": "delta"}, enrollments=[known, unknown])
    brought = await world.bring_roster(tenant, staff, delta)
    assert told(brought) == {("enrollments", 3, "sourcedId", "warned")}, (
        "the one that is known is ended as asked"
    )
    (problem,) = brought.problems
    assert problem["value"] == "mistyped"
    assert [brought.counts["enrollments"][key] for key in ("added", "changed", "closed")] == [1, 0, 1]
    whole = dict(roster, enrollments=[*roster["enrollments"], dict(unknown, sourcedId="of_the_past")])
    assert not told(await world.bring_roster(tenant, staff, world.bundle(**whole))), (
        "a bulk file has its past in it"
    )


async def test_ending_much_is_asked_about(db, bank):
    tenant, staff = await world.school(bank)
    await world.bring_roster(tenant, staff, world.bundle(**world.small_roster(40)))
    with pytest.raises(Conflict):
        await world.bring_roster(tenant, staff, world.bundle(**world.small_roster(3)))
    async with open_scope(tenant_scope(tenant.id)):
        assert await Account.filter(tenant_id=tenant.id, is_active=True).count() == 40
    content = world.bundle(**world.small_roster(3))
    await world.bring_roster(tenant, staff, content, closes_many=True)
    async with open_scope(tenant_scope(tenant.id)):
        assert await Account.filter(tenant_id=tenant.id, is_active=True).count() == 3


async def test_a_row_whose_class_is_nowhere_stays_out_and_is_named(db, bank):
    tenant, staff = await world.school(bank)
    roster = world.small_roster(2)
    roster["enrollments"][0]["classSourcedId"] = "c9"
    found = await world.bring_roster(tenant, staff, world.bundle(**roster))
    assert ("enrollments", 2, "classSourcedId", "refused") in told(found)
    assert (await world.account(tenant, "S001")).place == ""
    assert (await world.account(tenant, "S002")).place == "3A"


@pytest.mark.parametrize("content", [b"", b"PK no zip", b"a,b\r\n1,2\r\n"])
async def test_what_is_no_bundle_is_refused_with_a_sentence(db, bank, content):
    tenant, staff = await world.school(bank)
    with pytest.raises(Invalid):
        await world.bring_roster(tenant, staff, content)


async def test_the_pages_lead_from_the_file_to_the_class(client, db, bank):
    tenant, staff = await world.school(bank)
    await make.sign_in(client, staff.person_id)
    root = f"/t/{tenant.slug}"
    inspect((await client.get(f"{root}/rosters")).text)
    files = {"file": ("roster.zip", world.bundle(**world.small_roster(2)), "application/zip")}
    answer = await client.post(f"{root}/rosters", files=files)
    assert answer.status_code == 303
    await run_due(tenant.id)
    listed = await client.get(f"{root}/rosters")
    assert "roster.zip" in listed.text
    address = listed.text.split('href="' + root + "/rosters/")[1].split('"')[0]
    page = await client.get(f"{root}/rosters/{address}")
    inspect(page.text)
    assert "Bring it in" in page.text
    assert (await client.post(f"{root}/rosters/{address}/application")).status_code == 303
    await run_due(tenant.id)
    inspect((await client.get(f"{root}/rosters/{address}")).text)
    assert "3A" in (await client.get(f"{root}/classes")).text
    bad = await client.post(f"{root}/rosters", files={"file": ("x.zip", b"PK..", "application/zip")})
    assert bad.status_code == 422
    inspect(bad.text)
