"""Fees that are worked out from others: in their order whatever their place in the list, and never in a estate."""

import pytest

from billing.charges import depending, fees, rule_form
from billing.models import BillLine
from billing.rules import builders as b
from tenants.scope import open_scope, tenant_scope
from tests import make
from tests.billing.charges.conftest import item
from tests.page import inspect, text_of
from ui.errors import Invalid
from ui.i18n import use_locale

TAX = b.charge("SGD", b.percent("10", b.total(b.line("test_water"), "1")))
WATER = b.charge("SGD", b.total("5", b.line("test_sewage")))
SEWAGE = b.charge("SGD", b.percent("50", b.line("test_tax")))


def within(estate):
    return open_scope(tenant_scope(estate.tenant.id))


async def test_a_fee_is_drafted_behind_those_it_looks_at(estate):
    """Tax comes first in the list, and looks at water, which looks at sewage: 7.00, 12.00, 1.30."""
    await make.account(estate.tenant, "U1")
    for key, rule in (("tax", TAX), ("water", WATER), ("sewage", b.charge("SGD", "7"))):
        estate.items[key] = await item(estate.tenant, key, ["unit"], rule)
    run = await estate.draft("tax", "water", "sewage")
    keys = [key for id_ in run.fee_items for key, one in estate.items.items() if str(one.id) == id_]
    assert keys == ["sewage", "water", "tax"]
    async with within(estate):
        lines = await BillLine.filter(tenant_id=estate.tenant.id, period=run.period)
    amounts = {line.fee_item_id: line.amount_minor for line in lines}
    assert [amounts[estate.items[key].id] for key in keys] == [700, 1200, 130]


async def test_a_rule_that_leads_back_to_its_fee_is_refused_at_its_field(estate, client):
    for key, rule in (("tax", TAX), ("water", WATER), ("sewage", b.charge("SGD", "7"))):
        estate.items[key] = await item(estate.tenant, key, ["unit"], rule)
    sewage = estate.items["sewage"]
    await make.sign_in(client, estate.finance.person_id)
    sent = {**rule_form.of_parts(sewage, SEWAGE).values, "shape": "parts", "act": "save"}
    url = f"/t/{estate.tenant.slug}/fees/{sewage.id}/draft"
    answer = await client.post(url, data=sent)
    assert answer.status_code == 422
    said = "This fee would be worked out from itself: The sewage → The tax → The water → The sewage."
    assert said in text_of(inspect(answer.text))
    assert 'id="amount.of.name-error"' in answer.text
    async with within(estate):
        own = b.charge("SGD", b.total("1", b.line("test_sewage")))
        with pytest.raises(Invalid) as refused:
            await fees.save_draft(estate.finance, sewage.id, own)
    assert list(refused.value.fields) == ["amount.parts.1.name"]
    with use_locale("zh_CN"):
        assert str(refused.value.message) == "这项费用会由它自己算出：sewage费 → sewage费。请改选另一项费用。"


async def test_a_circle_that_closed_since_the_draft_is_found_when_it_is_put_into_force(estate):
    for key, rule in (("tax", TAX), ("sewage", b.charge("SGD", "7"))):
        estate.items[key] = await item(estate.tenant, key, ["unit"], rule)
    sewage = estate.items["sewage"].id
    async with within(estate):
        draft = await fees.save_draft(estate.finance, sewage, SEWAGE)
    await item(estate.tenant, "water", ["unit"], WATER)
    async with within(estate):
        with pytest.raises(Invalid, match="worked out from itself") as refused:
            await fees.activate(estate.finance, sewage, effective_from=draft.effective_from)
    assert list(refused.value.fields) == ["effective_from"]


async def test_two_that_were_put_into_force_at_the_same_moment_are_not_run(estate):
    for key, rule in (("tax", TAX), ("water", WATER), ("sewage", SEWAGE)):
        estate.items[key] = await item(estate.tenant, key, ["unit"], rule)
    with pytest.raises(Invalid, match="worked out from each other") as refused:
        await estate.start("service", "tax", "water", "sewage")
    assert list(refused.value.fields) == ["items"]


def test_the_way_back_is_the_shortest():
    looks = {"a": {"b", "c"}, "b": {"d"}, "c": {"a"}, "d": {"a"}}
    assert depending._way_back("a", looks) == ["a", "c", "a"]
    assert depending._way_back("a", {"a": {"b"}, "b": {"c"}, "c": {"b"}}) == []
