"""What a payer owes, on one page, and each bill of it."""

from tests.billing.town import AUGUST
from tests.page import inspect, text_of


async def page(client, path, status=200):
    answer = await client.get(path)
    assert answer.status_code == status, (path, answer.status_code, answer.text[:2000])
    return inspect(answer.text)


async def test_everything_owed_is_on_one_page_total_first(town, ann):
    await town.bill_month(AUGUST)
    shown = text_of(await page(ann, "/my"))
    assert shown.index("127.00") < shown.index("63.50")
    assert town.tenant.short_name in shown
    assert "July 2026" in shown
    assert "August 2026" in shown
    assert "01-102" not in shown, "a neighbour's account"
