"""Shops, what they sell, and orders."""

from datetime import datetime
from uuid import UUID

from tortoise import fields

from tenants.models.base import TenantRow


class NeighbourShop(TenantRow):
    """A shop of the neighbourhood. Its proceeds are those of its own fee, which a split rule may share with it.

    ``person_id`` is its shopkeeper, who sees and works this shop alone.
    """

    names: dict[str, str] = fields.JSONField()
    about = fields.TextField(db_default="")
    person_id: UUID | None = fields.UUIDField(null=True)
    person_name = fields.CharField(max_length=100, db_default="")
    fee_item_id: UUID = fields.UUIDField()
    is_active = fields.BooleanField(db_default=True)

    class Meta:
        table = "community_shop"


class ShopProduct(TenantRow):
    """Something that a shop sells. With a ``group_minimum`` it is sold to a group: only if so many are paid in time.

    ``group_status`` is ``open`` until then, and ``reached`` or ``missed`` afterwards.
    """

    shop_id: UUID = fields.UUIDField()
    names: dict[str, str] = fields.JSONField()
    price_minor = fields.BigIntField()
    currency = fields.CharField(max_length=3)
    stock = fields.IntField()
    is_active = fields.BooleanField(db_default=True)
    group_minimum = fields.IntField(db_default=0)
    group_ends_at: datetime | None = fields.DatetimeField(null=True)
    group_status = fields.CharField(max_length=8, db_default="")

    class Meta:
        table = "community_shop_product"


class ShopOrder(TenantRow):
    """What somebody has ordered: name and price as they were then, and what a promotion took off.

    Orders of one ``basket_id`` are paid together, by one bill.
    """

    number = fields.CharField(max_length=20)
    shop_id: UUID = fields.UUIDField()
    product_id: UUID = fields.UUIDField()
    account_id: UUID = fields.UUIDField()
    names: dict[str, str] = fields.JSONField()
    quantity = fields.IntField()
    price_minor = fields.BigIntField()
    currency = fields.CharField(max_length=3)
    way = fields.CharField(max_length=8)
    status = fields.CharField(max_length=10, db_default="placed")
    hold_id: UUID | None = fields.UUIDField(null=True)
    ordered_by: UUID | None = fields.UUIDField(null=True)
    ordered_by_name = fields.CharField(max_length=100, db_default="")
    rating = fields.SmallIntField(null=True)
    fulfilled_at: datetime | None = fields.DatetimeField(null=True)
    basket_id: UUID | None = fields.UUIDField(null=True)
    discount_minor = fields.BigIntField(db_default=0)
    discount_names: dict[str, str] | None = fields.JSONField(null=True)
    refund_reason = fields.CharField(max_length=200, db_default="")

    class Meta:
        table = "community_shop_order"

    @property
    def total_minor(self) -> int:
        """What it costs."""
        return int(self.price_minor * self.quantity - self.discount_minor)

    @property
    def is_sold(self) -> bool:
        """Whether its money is the shop's, or about to be: it was neither let go nor given back."""
        return self.status not in {"free", "refunded"}


class ShopPromotion(TenantRow):
    """What a shop takes off its goods, or one of them, from when until when, and from which sum on.

    ``kind`` is ``percent`` (``value`` in percent) or ``amount`` (``value`` in minor units, once for a basket).
    """

    shop_id: UUID = fields.UUIDField()
    product_id: UUID | None = fields.UUIDField(null=True)
    names: dict[str, str] = fields.JSONField()
    kind = fields.CharField(max_length=8)
    value = fields.BigIntField()
    minimum_minor = fields.BigIntField(db_default=0)
    starts_at: datetime = fields.DatetimeField()
    ends_at: datetime = fields.DatetimeField()
    is_active = fields.BooleanField(db_default=True)

    class Meta:
        table = "community_shop_promotion"


class BasketItem(TenantRow):
    """Something that somebody means to order for a unit, until they do."""

    person_id: UUID = fields.UUIDField()
    account_id: UUID = fields.UUIDField()
    product_id: UUID = fields.UUIDField()
    quantity = fields.IntField()

    class Meta:
        table = "community_basket_item"
