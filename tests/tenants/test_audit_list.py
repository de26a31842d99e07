"""The audit trail speaks to people: every act and fact has words, and amounts, days and codes are written out."""

import re
from typing import Any
from uuid import uuid4

import httpx2
import pytest
from starlette.applications import Starlette

from tenants import audit, audit_words
from tenants.scope import open_scope
from tests import make
from tests.acts import written
from ui.i18n import use_locale


def test_every_act_that_is_written_has_words(app: Starlette) -> None:
    told = audit_words.acts()
    wordless = {
        found.where: found.pattern
        for found in written()
        if not any(re.fullmatch(found.pattern, act) for act in told)
    }
    assert wordless == {}
    assert len(written()) > 40


def test_an_act_without_words_would_be_noticed(app: Starlette) -> None:
    assert "unit.painted" not in audit_words.acts()
    assert audit_words.act_text("unit.painted") == "Unit painted"


@pytest.mark.parametrize(
    ("kind", "before", "after", "read"),
    [
        (
            "bill",
            {"status": "issued"},
            {"status": "void", "reason": "Sold", "total_minor": 6200, "currency": "SGD"},
            {
                "en": ["State: To pay → Void", "Reason: Sold", "Total: SGD 62.00"],
                "zh_CN": ["状态：待缴 → 作废", "原因：Sold", "合计：SGD 62.00"],
            },
        ),
        (
            "holder",
            {"until": None, "name": "Ann"},
            {"until": "2026-03-31", "name": "Ann"},
            {"en": ["Last day: – → Mar 31, 2026"], "zh_CN": ["截止日：– → 2026年3月31日"]},
        ),
        (
            "fee_item",
            {},
            {"names": {"en": "Pool", "zh_CN": "泳池费"}},
            {"en": ["Name: Pool"], "zh_CN": ["名称：泳池费"]},
        ),
        (
            "day_close",
            {},
            {"counted": {"cash": 4650, "card": 0}},
            {
                "en": ["Counted: Cash SGD 46.50, Card terminal SGD 0.00"],
                "zh_CN": ["实点：现金 SGD 46.50、刷卡 SGD 0.00"],
            },
        ),
        (
            "bank_policy",
            {"weights": {"volume": 25, "speed": 20}},
            {"weights": {"volume": 20, "speed": 25}},
            {"zh_CN": ["权重：付款 25、申请到上线 20 → 付款 20、申请到上线 25"]},
        ),
        ("role", {}, {"refund_limit_minor": 50000}, {"en": ["May refund alone up to: SGD 500.00"]}),
        ("account", {"flat_type": "4R"}, {"flat_type": "5R"}, {"en": ["Flat type: 4R → 5R"]}),
        (
            "unit",
            {"is_open": True, "branch_id": "x", "odd_thing": "Was"},
            {"is_open": True, "odd_thing": "", "empty": ""},
            {"en": ["Odd thing: Was → –"]},
        ),
    ],
)
def test_a_change_reads_fact_by_fact(
    app: Starlette, kind: str, before: dict[str, Any], after: dict[str, Any], read: dict[str, list[str]]
) -> None:
    for locale, facts in read.items():
        with use_locale(locale):
            shown = audit_words.changes(kind, before, after, "SGD")
        assert [fact.replace("\u00a0", " ") for fact in shown] == facts


@pytest.mark.parametrize(
    ("kind", "label", "read"),
    [
        ("suspense", "6200 SGD", "SGD 62.00"),
        ("bill_run", "community 2026-11", "Community property, November 2026"),
        ("bill", "B-1", "B-1"),
    ],
)
def test_what_it_was_about_is_written_out(app: Starlette, kind: str, label: str, read: str) -> None:
    assert audit_words.subject_text(kind, label).replace("\u00a0", " ") == read


def test_a_suggestion_is_named_in_the_readers_language(app: Starlette) -> None:
    with use_locale("zh_CN"):
        assert audit_words.subject_text("next_action", "Offer automatic payment") == "推荐自动扣款"


async def test_page_search_and_file_speak_the_readers_language(
    db: None, bank: make.Bank, client: httpx2.AsyncClient
) -> None:
    tenant = await make.tenant(bank)
    actor = await make.staff(tenant, "administrator")
    async with open_scope(actor.scope()):
        await audit.record(
            actor,
            "bill.voided",
            subject_kind="bill",
            subject_id=uuid4(),
            subject_label="B-1",
            before={"status": "issued"},
            after={"status": "void", "total_minor": 6200, "currency": "SGD"},
        )
    await make.sign_in(client, actor.person_id)
    address = f"/t/{tenant.slug}/audit"
    page = (await client.get(address)).text
    assert "Bill voided" in page
    assert "State: To pay → Void" in page
    assert "bill.voided" not in page
    assert "B-1" in (await client.get(f"{address}?q=voided")).text
    assert "B-1" not in (await client.get(f"{address}?q=renamed")).text
    file = await client.get(f"{address}?export=csv", headers={"Accept-Language": "zh-CN"})
    assert "账单作废" in file.text
    assert "合计：SGD\u00a062.00" in file.text
