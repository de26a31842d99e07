"""Many institutions from one file: errors by row, two people, none half made, safe to go on after an interruption."""

import csv
import io

import pytest

from tenants.ids import new_id
from tenants.models import Application, BulkFile, BulkRow, Role, Tenant
from tenants.onboarding import services as one_by_one
from tenants.onboarding.bulk import services
from tenants.onboarding.bulk.table import fields
from tenants.onboarding.ports import Entry
from tenants.scope import bank_scope, open_scope, tenant_scope
from tenants.uscc import make as make_uscc
from tests import make
from tests.jobs import run_due
from tests.page import inspect
from tests.tenants.onboarding.conftest import people, played
from ui.errors import Forbidden, Invalid, NotFound

__all__ = ["people", "played"]
TERMS = {"currency": "SGD", "timezone": "Asia/Singapore", "locale": "en"}


def school(number, **given):
    code = make_uscc(f"91350100MC{make.serial():07d}")
    return {
        "legal_name": f"School {code} Ltd",
        "short_name": f"School {number}",
        "kind": "company",
        "uscc": code,
        "legal_representative": "Chen Wei",
        "scenario": "community",
        "contact_name": "Lee Hua",
        "contact_email": f"office{number}@school.example",
        "contact_phone": "+65 6123 4567",
        "settlement_bank_code": "HARBSGSG",
        "settlement_account_number": f"77{make.serial():08d}",
    } | given


def as_csv(rows, without=()):
    out = io.StringIO()
    writer = csv.DictWriter(out, [f.key for f in fields() if f.key not in without], extrasaction="ignore")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue().encode()


def known(played, rows):
    for row in rows:
        played.entries[row["uscc"]] = Entry(
            row["legal_name"], "Chen Wei", True, "Test registry", "2026-01-01"
        )


async def brought_in(bank, manager, rows) -> BulkFile:
    async with open_scope(bank_scope(bank.id)):
        made = await services.upload(
            manager, content=as_csv(rows), filename="schools.csv", branch_id=bank.branch_id, **TERMS
        )
    await run_due(bank.id)
    async with open_scope(bank_scope(bank.id)):
        return await BulkFile.get(id=made.id)


async def test_wrong_rows_come_back_with_their_reasons_and_good_ones_go_live(bank, people, played):
    manager, reviewer = people
    good = [school(n) for n in range(3)]
    listed, twice = school(10), dict(good[0])
    wrong = [
        school(11, uscc="91350100M000100Y4Z"),
        school(12, contact_email="nonsense"),
        twice,
        listed,
        school(13),
    ]
    known(played, [*good, listed])
    played.listed = [listed["legal_name"]]
    found = await brought_in(bank, manager, [*good, *wrong])
    assert (found.status, found.rows, found.good, found.wrong) == ("checked", 8, 3, 5)
    async with open_scope(bank_scope(bank.id)):
        told = {
            row.number: " ".join(problem["en"] for problem in row.problems)
            for row in await BulkRow.filter(bulk_id=found.id, status="wrong")
        }
        assert "Character 18" in told[5]
        assert "e-mail" in told[6]
        assert "twice" in told[7]
        assert "Test list" in told[8]
        assert "knows no such credit code" in told[9]
        assert not await Tenant.filter(uscc__in=[row["uscc"] for row in good]).exists()
        await services.approve(reviewer, found.id)
    await run_due(bank.id)
    async with open_scope(bank_scope(bank.id)):
        found = await BulkFile.get(id=found.id)
        assert (found.status, found.live) == ("applied", 3)
        tenants = await Tenant.filter(uscc__in=[row["uscc"] for row in good])
        assert {(t.status, t.takes_payments) for t in tenants} == {("live", True)}
        made = await Application.get(approved_tenant_id=tenants[0].id)
        assert (made.source, made.created_by, made.decided_by) == (
            "file",
            manager.person_id,
            reviewer.person_id,
        )
    async with open_scope(tenant_scope(tenants[0].id)):
        assert await Role.filter(tenant_id=tenants[0].id).count() >= 5


async def test_whoever_brings_a_file_in_does_not_decide(bank, people, played):
    manager, reviewer = people
    rows = [school(1)]
    known(played, rows)
    both = type(manager)(
        **{name: getattr(manager, name) for name in manager.__dataclass_fields__}
        | {"permissions": manager.permissions | reviewer.permissions}
    )
    found = await brought_in(bank, both, rows)
    async with open_scope(bank_scope(bank.id)):
        with pytest.raises(Forbidden, match="own"):
            await services.approve(both, found.id)
        with pytest.raises(Forbidden, match="permission"):
            await services.approve(manager, found.id)


async def test_an_interrupted_file_goes_on_and_takes_nobody_on_twice(bank, people, played, monkeypatch):
    manager, reviewer = people
    rows = [school(n) for n in range(3)]
    known(played, rows)
    found = await brought_in(bank, manager, rows)
    kept, calls = one_by_one.take_on, []

    async def breaking(*given):
        calls.append(given)
        if len(calls) == 2:
            raise RuntimeError("the machine went away")
        return await kept(*given)

    monkeypatch.setattr(one_by_one, "take_on", breaking)
    async with open_scope(bank_scope(bank.id)):
        await services.approve(reviewer, found.id)
    await run_due(bank.id)
    async with open_scope(bank_scope(bank.id)):
        assert await Tenant.filter(uscc__in=[row["uscc"] for row in rows]).count() == 1, "none is half made"
    async with open_scope(tenant_scope(bank.id)):
        from tenants.scope import execute  # noqa: PLC0415

        await execute(
            "update tenants_outbox set tries = 0, due_at = now() where tenant_id = $1 and done_at is null",
            bank.id,
        )
    await run_due(bank.id)
    async with open_scope(bank_scope(bank.id)):
        assert await Tenant.filter(uscc__in=[row["uscc"] for row in rows]).count() == 3
        assert (await BulkFile.get(id=found.id)).status == "applied"


async def test_one_row_that_fails_holds_up_nobody_else(bank, people, played):
    manager, reviewer = people
    rows = [school(n) for n in range(2)]
    known(played, rows)
    found = await brought_in(bank, manager, rows)
    taken = await make.tenant(bank)
    async with open_scope(bank_scope(bank.id)):
        row = await BulkRow.filter(bulk_id=found.id).order_by("number").first()
        await BulkRow.filter(id=row.id).update(facts=row.facts | {"slug": taken.slug})
        await services.approve(reviewer, found.id)
    await run_due(bank.id)
    async with open_scope(bank_scope(bank.id)):
        states = [one.status for one in await BulkRow.filter(bulk_id=found.id).order_by("number")]
        assert states == ["failed", "live"]


async def test_a_file_without_its_columns_is_refused_whole(bank, people, played):
    manager, _ = people
    async with open_scope(bank_scope(bank.id)):
        with pytest.raises(Invalid, match="columns"):
            await services.upload(
                manager,
                content=as_csv([school(1)], without=("uscc",)),
                filename="x.csv",
                branch_id=bank.branch_id,
                **TERMS,
            )


async def test_another_branchs_people_find_no_file(bank, people, played):
    from dataclasses import replace  # noqa: PLC0415

    manager, reviewer = people
    rows = [school(1)]
    known(played, rows)
    found = await brought_in(bank, manager, rows)
    async with open_scope(bank_scope(bank.id)):
        with pytest.raises(NotFound):
            await services.get(replace(reviewer, branches=(new_id(),)), found.id)


@pytest.mark.parametrize("language", ["en", "zh-CN"])
async def test_the_pages(client, bank, people, played, language):
    manager, reviewer = people
    why = {"en": "knows no such", "zh-CN": "登记机关没有该信用代码"}[language]
    headers, root = {"Accept-Language": language}, f"/bank/{bank.slug}/bulk"
    rows = [school(1), school(2, contact_email="nonsense"), school(3)]
    known(played, rows[:2])
    await make.sign_in(client, manager.person_id)
    page = await client.get(root, headers=headers)
    inspect(page.text)
    assert {"en": "Singapore Time", "zh-CN": "新加坡时间"}[language] in page.text
    files = {"file": ("schools.csv", as_csv(rows), "text/csv")}
    sent = await client.post(root, data={"branch_id": str(bank.branch_id), **TERMS}, files=files)
    assert sent.status_code == 303, sent.text[:2000]
    await run_due(bank.id)
    page = await client.get(sent.headers["location"], headers=headers)
    inspect(page.text)
    assert "School" in page.text
    listed = await client.get(sent.headers["location"] + "?export=csv")
    assert "nonsense" in listed.text, "what was refused is told with what was typed"
    assert why in page.text, "in the language of whoever reads it, whatever the worker speaks"
    back = await client.get(f"{sent.headers['location']}/rejected", headers=headers)
    assert [line.split(",")[0] for line in back.text.splitlines()[1:]] == [
        rows[1]["legal_name"],
        rows[2]["legal_name"],
    ]
    assert why in back.text
    await make.sign_in(client, reviewer.person_id)
    assert (await client.post(f"{sent.headers['location']}/approval")).status_code == 303
    await run_due(bank.id)
    inspect((await client.get(sent.headers["location"], headers=headers)).text)
    inspect((await client.get(root, headers=headers)).text)
