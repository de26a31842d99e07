"""The last proof of isolation, as an institution's auditor reads it: in words, in their language, with every leak."""

from datetime import UTC, datetime

import pytest

from billing import retention
from deploy.isolation.report import Report
from tenants.actor import system_actor
from tenants.models import IsolationCheck, IsolationReport
from tenants.privacy import isolation_pages, outside
from tenants.scope import open_scope, tenant_scope
from tests import make
from tests.page import inspect, text_of


class Kept:
    """Stands where the kept reports are read: only the owner writes them, and here is none."""

    def __init__(self, *reports):
        self.reports = reports

    def all(self):
        return self

    def order_by(self, _):
        return self

    async def limit(self, most):
        return list(self.reports[:most])


def proof(*, leak=""):
    report = Report("9.9")
    section = report.section("Without the right", "Every table of theirs, before and after everything above.")
    for answer in (404, 403, 418, "unchanged", "rows seen: 0"):
        section.note(answer)
    if leak:
        section.note(200, leak)
    told = report.as_json()
    return IsolationReport(
        created_at=datetime.now(UTC), version="9.9", is_right=told["is_right"], tried=report.tried,
        leaks=len(report.leaks), document=told,
    )  # fmt: skip


@pytest.fixture
async def read(db, bank, client, monkeypatch):
    tenant = await make.tenant(bank)
    reader = await make.staff(tenant)
    await make.sign_in(client, reader.person_id)

    async def page(*reports, language="en"):
        monkeypatch.setattr(isolation_pages, "IsolationReport", Kept(*reports))
        answer = await client.get(f"/t/{tenant.slug}/isolation", headers={"Accept-Language": language})
        return answer.text

    return page


async def test_every_answer_has_a_word_and_a_number_without_one_is_shown(read):
    text = await read(proof())
    for words in (
        "5 tries, nothing leaked.",
        "not found 1",
        "not allowed 1",
        "418 1",
        "unchanged 1",
        "no row seen 1",
    ):
        assert words in text
    assert "Leak<" not in text


async def test_an_institution_is_looked_at_from_outside_each_week_and_when_asked(db, bank, client):
    tenant, other = await make.tenant(bank), await make.tenant(bank)
    await make.account(tenant)
    reader = await make.staff(tenant)
    await make.sign_in(client, reader.person_id)
    here = f"/t/{tenant.slug}/isolation"
    assert "Not looked at yet" in text_of(inspect((await client.get(here)).text))
    for _ in range(2):
        await retention.once_a_day(system_actor(tenant.id))
    assert "tables looked at, nothing seen." in text_of(inspect((await client.get(here)).text))
    assert (await client.post(here)).status_code == 303
    async with open_scope(tenant_scope(tenant.id)):
        first, second = await IsolationCheck.filter(tenant_id=tenant.id)
        assert (first.seen, second.seen, first.tried) == ([], [], first.tables * 4)
        assert first.tables > 150, "every table of institutions"
        seen = await outside._seen(tenant_scope(tenant.id), ["tenants_account", "tenants_import"])
        assert seen == ["tenants_account"], "the control: whoever may see it, sees it"
    async with open_scope(tenant_scope(other.id)):
        assert not await IsolationCheck.all().exists()
    clerk = await make.staff(tenant, "cashier")
    await make.sign_in(client, clerk.person_id)
    assert (await client.post(here)).status_code == 403


async def test_it_is_read_in_chinese(read):
    text = await read(proof(), language="zh-CN")
    for words in ("没有权限的情况", "未找到 1", "不允许 1", "未变化 1", "“我方”是为本次证明建立的机构"):
        assert words in text
    assert "not found" not in text


async def test_a_leak_is_shown_as_it_was_found_and_without_a_proof_it_says_so(read):
    text = await read(proof(leak="GET /t/theirs <b>"), proof())
    assert "1 leak was found." in text
    assert "GET /t/theirs &lt;b&gt;" in text
    assert "Earlier proofs" in text
    assert "No proof yet" in await read()
