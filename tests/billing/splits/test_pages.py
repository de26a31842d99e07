"""The pages of sharing, as the owner of the right, the colleague without it, and the stranger meet them."""

import re

import pytest

from billing.models import Receiver, SplitRule
from tests import make
from tests.page import inspect


@pytest.fixture
def at(market):
    return f"/t/{market.place.tenant.slug}"


async def entered(client, actor):
    await make.sign_in(client, actor.person_id)


async def shown(client, path):
    answer = await client.get(path)
    assert answer.status_code == 200, (path, answer.status_code)
    inspect(answer.text)
    return answer.text


async def test_every_page_reads_well_in_both_languages(app, client, market, at):
    payment, _, _ = await market.paid(10000)
    market.close(market.baker)
    await market.refund(payment, 1000)
    await entered(client, market.writer)
    paths: tuple[str, ...] = (
        "/splits",
        f"/splits/rules/{market.rule.id}",
        "/splits/rules/new",
        "/splits/receivers",
    )
    paths += (f"/splits/receivers/{market.baker.id}", f"/payments/{payment.id}/shares", "/worklist")
    for locale in ("en", "zh-CN"):
        client.headers["Accept-Language"] = locale
        pages = {path: await shown(client, at + path) for path in paths}
    assert "已付给接收方" in pages[f"/payments/{payment.id}/shares"]
    assert "/splits" in pages["/worklist"]
    client.headers["Accept-Language"] = "en"
    text = await shown(client, f"{at}/payments/{payment.id}/shares")
    assert "The refund waits for this" in text
    assert "Baker gets 30% of what is paid." in await shown(client, at + "/splits")
    assert pages["/splits/receivers"] != text
    assert f"/payments/{payment.id}/shares" in await shown(client, f"{at}/payments/{payment.id}")
    answer = await client.get(f"{at}/splits/receivers/{market.baker.id}?export=csv")
    assert payment.number in answer.text


async def test_a_rule_is_written_decided_and_read(app, client, market, at):
    await entered(client, market.writer)
    form = {"fee": str(market.place.fee.id)}
    form |= {"parts-0-receiver": str(market.baker.id), "parts-0-how": "after_fees", "parts-0-value": "12.5"}
    form |= {"parts-0-cap": "80.00", "parts-1-receiver": str(market.grocer.id), "parts-1-how": "amount"}
    answer = await client.post(f"{at}/splits/rules", data=form | {"parts-1-value": "3.00"})
    assert answer.status_code == 303
    page = await shown(client, answer.headers["location"])
    assert "Baker gets 12.5% of what is left after the channel" in page
    assert "at most SGD\xa080.00" in page
    assert "Another person decides" in page
    assert "/splits/rules/new?fee=" in page
    reader = await make.staff(market.place.tenant, "reader")
    await make.sign_in(client, reader.person_id)
    assert "/splits/rules/new?fee=" not in await shown(client, answer.headers["location"])
    await entered(client, market.decider)
    later = await client.post(
        f"{answer.headers['location']}/activation", data={"effective_from": "2099-01-01"}
    )
    assert later.status_code == 303
    async with market.place.scope():
        rule = await SplitRule.get(tenant_id=market.place.id, version=2)
    assert (rule.status, rule.decided_by_name) == ("active", "Ada Ong")


WRONG: list[tuple[dict[str, str], str, str]] = [
    ({"parts-0-value": "0"}, "parts-0-value", "above 0"),
    ({"parts-0-value": "12.345"}, "parts-0-value", "two decimals"),
    ({"parts-0-value": "ten"}, "parts-0-value", "like 12.5"),
    ({"parts-0-receiver": "nobody"}, "parts-0-receiver", "Choose a receiver"),
    ({"parts-0-how": "half"}, "parts-0-how", "reckoned"),
    ({"parts-0-how": "amount", "parts-0-value": "-1"}, "parts-0-value", "above zero"),
    (
        {"parts-0-how": "amount", "parts-0-value": "1", "parts-0-cap": "1"},
        "parts-0-cap",
        "no upper bound",
    ),
    ({"parts-0-cap": "1.234"}, "parts-0-cap", "decimals"),
    ({"fee": "none"}, "fee", "Choose a fee"),
]


async def test_each_wrong_field_says_what_is_wrong_and_keeps_what_was_typed(app, client, market, at):
    await entered(client, market.writer)
    right = {"fee": str(market.place.fee.id), "parts-0-receiver": str(market.baker.id)}
    right |= {"parts-0-how": "percent", "parts-0-value": "7"}
    for typed, field, says in WRONG:
        answer = await client.post(f"{at}/splits/rules", data=right | typed)
        assert answer.status_code == 422, typed
        inspect(answer.text)
        assert says in answer.text, typed
        assert f'"{field}"' in answer.text, typed


async def test_more_than_all_and_one_twice_are_refused(app, client, market, at):
    await entered(client, market.writer)
    form = {"fee": str(market.place.fee.id)}
    for place, value in enumerate(("60", "60")):
        form |= {f"parts-{place}-receiver": str(market.baker.id), f"parts-{place}-how": "percent"}
        form |= {f"parts-{place}-value": value}
    answer = await client.post(f"{at}/splits/rules", data=form)
    assert answer.status_code == 422
    assert "Each receiver once" in answer.text
    assert "more than 100" in answer.text
    assert (await client.post(f"{at}/splits/rules", data={"fee": form["fee"]})).status_code == 422


async def test_a_receiver_is_added_closed_and_opened(app, client, market, at):
    await entered(client, market.writer)
    wrong = await client.post(
        f"{at}/splits/receivers", data={"name": "", "kind": "merchant", "rail_merchant": ""}
    )
    assert wrong.status_code == 422
    form = {"name": "Florist", "kind": "partner", "rail_merchant": "mch_florist"}
    made = await client.post(f"{at}/splits/receivers", data=form)
    assert made.status_code == 303
    again = await client.post(f"{at}/splits/receivers", data=form)
    assert again.status_code == 422
    assert "of this name already" in again.text
    for act, status in (("closing", "closed"), ("opening", "active")):
        assert (await client.post(f"{made.headers['location']}/{act}")).status_code == 303
        async with market.place.scope():
            assert (await Receiver.get(tenant_id=market.place.id, name="Florist")).status == status


async def test_who_may_not_and_who_does_not_belong_here(app, client, market, at):
    colleague, stranger = await make.staff(market.place.tenant, "front_desk", "Fay"), await make.person("Sol")
    reader = await make.staff(market.place.tenant, "reader", "Rey")
    await entered(client, reader)
    page = await shown(client, at + "/splits")
    assert not re.search("/splits/rules/new", page)
    assert (await client.post(f"{at}/splits/rules", data={})).status_code == 403
    await entered(client, colleague)
    assert (await client.get(at + "/splits")).status_code == 403
    await make.sign_in(client, stranger.id)
    assert (await client.get(at + "/splits")).status_code == 404
