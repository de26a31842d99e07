"""Bill runs over the real tariff."""

from tests import make
from tests.billing.charges.estate import TARIFF, cents


async def test_every_flat_type_is_billed_at_the_published_rate(estate):
    for flat in TARIFF:
        for is_reduced in (True, False):
            number = f"{flat} {is_reduced}"
            await make.account(
                estate.tenant, number, attributes={"flat_type": flat, "is_reduced": is_reduced}
            )
    run = await estate.bill()
    billed = {bill.account_number: bill.total_minor for bill in await estate.bills(run)}
    expected = {
        f"{flat} {is_reduced}": cents(amount)
        for flat, (reduced, normal) in TARIFF.items()
        for is_reduced, amount in ((True, reduced), (False, normal))
        if amount
    }
    assert run.status == "issued"
    assert billed == expected
    assert run.total_minor == sum(expected.values())
