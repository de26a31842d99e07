"""An institution takes everything along: all of its own, nobody else's, no secrets, and whole."""

import hashlib
import json
import zipfile
from uuid import UUID

import pytest

from billing.bulk.files import made
from billing.takeout import writing
from deploy.isolation.rows import one_of_each
from tenants.models import Audit, Tenant
from tenants.scope import open_scope, tenant_scope
from tests import make
from tests.jobs import run_due
from tests.page import inspect


@pytest.fixture
async def tenant(db, bank) -> Tenant:
    return await make.tenant(bank)


@pytest.fixture
async def filled(tenant, bank) -> Tenant:
    """The institution with a row in every table, beside another one that has the same."""
    await one_of_each(tenant.id)
    await one_of_each((await make.tenant(bank)).id)
    return tenant


async def test_every_table_is_in_it_and_nobody_elses_row(filled, tmp_path):
    path = tmp_path / "all.zip"
    async with open_scope(tenant_scope(filled.id)):
        manifest = await writing.write(filled, path)
    assert writing.check(path) == []
    with zipfile.ZipFile(path) as kept:
        lines = {name: kept.read(name).decode().splitlines() for name in manifest["files"]}
    assert {"billing_bill.jsonl", "tenants_account.jsonl", "hospital_patient.jsonl"} <= set(lines)
    assert all(json.loads(line)["tenant_id"] == str(filled.id) for each in lines.values() for line in each)
    words = " ".join(line for each in lines.values() for line in each)
    assert not any(name in words for name in ("token_hash", "rail_secret", "storage_key"))
    assert manifest["rows"] == sum(len(each) for each in lines.values())


async def test_a_file_that_was_changed_is_not_whole(filled, tmp_path):
    path = tmp_path / "all.zip"
    async with open_scope(tenant_scope(filled.id)):
        await writing.write(filled, path)
    with zipfile.ZipFile(path) as kept:
        parts = {name: kept.read(name) for name in kept.namelist()}
    parts["billing_bill.jsonl"] = parts["billing_bill.jsonl"].replace(b"issued", b"paid  ")
    del parts["tenants_account.jsonl"]
    with zipfile.ZipFile(path, "w") as out:
        for name, data in parts.items():
            out.writestr(name, data)
    assert writing.check(path) == ["billing_bill.jsonl was changed", "tenants_account.jsonl is missing"]


@pytest.mark.parametrize("language", ["en", "zh-CN"])
async def test_its_fingerprint_is_what_the_bank_sees_when_it_closes(client, bank, tenant, language):
    headers, chief = {"Accept-Language": language}, await make.staff(tenant)
    await make.sign_in(client, chief.person_id)
    door = f"/t/{tenant.slug}/takeout"
    begun = await client.post(door)
    assert begun.status_code == 303
    await run_due(tenant.id)
    async with open_scope(tenant_scope(tenant.id)):
        task, path = await made(chief, UUID(begun.headers["location"].rsplit("/", 1)[1]))
        note = await Audit.get(tenant_id=tenant.id, act="tenant.taken_out")
    assert task.kind == "takeout"
    assert note.after["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
    page = await client.get(door, headers=headers)
    inspect(page.text)
    assert note.after["sha256"] in page.text
    reader = await make.staff(tenant, "reader")
    await make.sign_in(client, reader.person_id)
    assert (await client.post(door)).status_code == 403
