"""Merchants on site — a shop, a boat, a guide: who they are, and how what is sold for them is shared.

A merchant is a receiver of ``billing.splits``, with an account of their own at the channel. A product of theirs has a
fee whose split rule names them, so that its proceeds are paid to them by the channel itself, from any checkout.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from billing.models import Receiver
from billing.names import localized
from billing.splits.documents import sentences
from billing.splits.telling import rule_of
from scenarios.tourism.models import Product
from ui.errors import Invalid
from ui.i18n import Text, t


async def merchants_of(products: Iterable[Product]) -> dict[UUID, str]:
    """Return the name of the merchant of each product that has one."""
    owned = {one.id: one.receiver_id for one in products if one.receiver_id is not None}
    if not owned:
        return {}
    tenant_id = next(iter(products)).tenant_id
    found = await Receiver.filter(tenant_id=tenant_id, id__in=set(owned.values()))
    names = {one.id: one.name for one in found}
    return {product: names[receiver] for product, receiver in owned.items() if receiver in names}


async def must_share(tenant_id: UUID, fee_item_id: UUID, receiver_id: UUID | None, day: date) -> None:
    """Refuse a merchant whom the split rule of the product's fee does not name.

    Raises:
        Invalid: nothing of the fee goes to them (field ``receiver_id``).
    """
    if receiver_id is None:
        return
    rule = await rule_of(tenant_id, fee_item_id, day)
    if rule is None or all(part.receiver != receiver_id for part in rule.parts):
        text = t("No split rule in force shares this fee with them. Make one under Shares first.")
        raise Invalid("product.merchant", text, fields={"receiver_id": text})


@dataclass(frozen=True, slots=True)
class Sharing:
    """How what was paid for a product is shared, as its order says it."""

    product: str
    merchant: str
    sentences: list[Text]


async def sharing_of(products: Iterable[Product], day: date, currency: str) -> list[Sharing]:
    """Return, for each product of a merchant, who sells it and how its price is shared."""
    made = []
    owned = [one for one in products if one.receiver_id is not None]
    names = await merchants_of(owned)
    for one in owned:
        rule = await rule_of(one.tenant_id, one.fee_item_id, day)
        if rule is not None and one.id in names:
            receivers = await Receiver.filter(
                tenant_id=one.tenant_id, id__in=[part.receiver for part in rule.parts]
            )
            said = sentences(rule, {each.id: each.name for each in receivers}, currency)
            made.append(Sharing(localized(one.names), names[one.id], said))
    return made
