"""Any rule in its form of parts: drawn, changed by its buttons, kept, and the schema that says what it may say."""

import json

import pytest

from billing.charges import fees, rule_form
from billing.charges.parts_form import Drawing
from billing.models import FeeItem
from billing.rules import builders as b
from billing.rules import json_schema, parse
from billing.rules.pages import PATH
from tenants.scope import open_scope, tenant_scope
from tests import make
from tests.page import inspect, text_of

CELLS = {("4-room", True): "5", ("3Gen", True): None}
RULE = b.charge(
    "SGD",
    b.total(
        b.table(("flat_type", "is_reduced"), {("4-room", True): "5", ("3Gen", True): None}),
        b.percent("9", b.line("water")),
    ),
    eligible=b.all_of(b.eq("flat_type", "4-room"), b.known(b.balance("arrears"))),
    discounts=(b.discount("Aid", "10"),),
    late_fee=b.late_terms(b.higher("20", b.percent("10", b.balance("arrears"))), at_most_once_months=6),
)


def within(estate):
    return open_scope(tenant_scope(estate.tenant.id))


async def test_a_rule_that_no_simple_form_shows_opens_part_by_part(estate, client):
    item = estate.items["service"]
    async with within(estate):
        await fees.save_draft(estate.finance, item.id, RULE)
    await make.sign_in(client, estate.finance.person_id)
    url = f"/t/{estate.tenant.slug}/fees/{item.id}/draft"
    for lang in ("en", "zh_CN"):
        client.cookies.set("lang", lang)
        page = await client.get(url)
        inspect(page.text)
        assert 'name="amount.parts.0.rows.1.keys.0"' in page.text
    sent = {**rule_form.of_parts(item, RULE).values, "shape": "parts"}
    added = await client.post(url, data=sent | {"act": "add:discounts"})
    assert added.status_code == 200
    assert 'name="discounts.1.label"' in added.text
    wrong = await client.post(url, data=sent | {"rounding.step": "x", "act": "save"})
    assert wrong.status_code == 422
    assert "Enter a plain number" in text_of(inspect(wrong.text)) or "数" in wrong.text
    async with within(estate):
        kept = await fees.get_item(estate.finance, item.id)
        assert parse(kept.draft.document) == RULE
    saved = await client.post(url, data=sent | {"discounts.0.label": "Relief", "act": "save"})
    assert saved.status_code == 303
    async with within(estate):
        kept = await fees.get_item(estate.finance, item.id)
    assert kept.draft.document["discounts"][0]["label"] == "Relief"


def fields_of(drawn) -> set[str]:
    found = set()
    for one in drawn:
        found |= fields_of(one.inside) | ({f"{one.path}.kind"} if one.options and one.is_section else set())
        found |= set() if one.is_section else {one.path}
    return found


@pytest.mark.parametrize(
    "document", [RULE, b.charge("SGD", "1"), b.charge("SGD", b.tiers(b.quantity("usage"), (None, "1")))]
)
def test_every_field_of_a_rule_is_drawn(document):
    item = FeeItem(scenario="community", kind="charge", account_kinds=["unit"], currency="SGD")
    form = rule_form.of_parts(item, document)
    drawn = fields_of(Drawing(form, []).whole())
    assert set(form.values) - drawn <= {"format", "kind", "currency"}


async def test_the_schema_is_served_as_the_types_say(app, client):
    answer = await client.get(PATH)
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("application/schema+json")
    assert json.loads(answer.text) == json.loads(json.dumps(json_schema()))
