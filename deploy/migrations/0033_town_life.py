"""What an estate's people say to each other and agree on: quotes for repairs, scans of passes, proxies, baskets."""

from tortoise import fields, migrations
from tortoise.migrations import operations as ops

from deploy.columns import document, moment, tenant_row
from deploy.walls import Wall, build, visible

WORK = [
    ops.AddField(model_name="WorkOrder", name="unanswered_since", field=moment()),
    ops.AddField(model_name="WorkMaterial", name="is_charged", field=fields.BooleanField(db_default=False)),
    tenant_row(
        "WorkQuote",
        "community_work_quote",
        "What a resident is asked to pay for an order, line by line, and what they said to it.",
        order_id=fields.UUIDField(),
        lines=document(),
        total_minor=fields.BigIntField(),
        currency=fields.CharField(max_length=3),
        text=fields.CharField(db_default="", max_length=200),
        status=fields.CharField(max_length=10),
        asked_by_name=fields.CharField(max_length=100),
        answered_by_name=fields.CharField(db_default="", max_length=100),
        answered_at=moment(),
    ),
]
PASSES = [
    ops.AddField(model_name="PassUse", name="device_id", field=fields.UUIDField(null=True)),
    ops.AddField(
        model_name="PassUse", name="mode", field=fields.CharField(db_default="online", max_length=10)
    ),
    ops.AddField(model_name="PassUse", name="scanned_at", field=moment()),
    ops.AddField(model_name="PassUse", name="has_let_in", field=fields.BooleanField(db_default=True)),
    ops.AddField(model_name="PassUse", name="fault", field=fields.CharField(db_default="", max_length=20)),
]
VOTES = [
    ops.AddField(model_name="EstateVote", name="proxy_units", field=fields.SmallIntField(db_default=2)),
    ops.AddField(model_name="EstateVote", name="proxy_percent", field=fields.SmallIntField(db_default=2)),
    ops.RunSQL(
        "drop index community_vote_entry_vote_id_account_id_key;"
        "create index community_vote_entry_vote_id_account_id_idx on community_vote_entry"
        " (tenant_id, vote_id, account_id);"
        "alter table community_vote add constraint community_vote_proxies_check"
        " check (proxy_units >= 0 and proxy_percent between 0 and 100);"
    ),
]
"""Units that became one keep each their entry, so that an account may have several of one vote."""
SHOPS = [
    ops.AddField(model_name="ShopOrder", name="basket_id", field=fields.UUIDField(null=True)),
    ops.AddField(model_name="ShopOrder", name="discount_minor", field=fields.BigIntField(db_default=0)),
    ops.AddField(model_name="ShopOrder", name="discount_names", field=document(null=True)),
    ops.AddField(
        model_name="ShopOrder",
        name="refund_reason",
        field=fields.CharField(db_default="", max_length=200),
    ),
    tenant_row(
        "ShopPromotion",
        "community_shop_promotion",
        "What a shop takes off its goods, or one of them, from when until when, and from which sum on.",
        shop_id=fields.UUIDField(),
        product_id=fields.UUIDField(null=True),
        names=document(),
        kind=fields.CharField(max_length=8),
        value=fields.BigIntField(),
        minimum_minor=fields.BigIntField(db_default=0),
        starts_at=fields.DatetimeField(auto_now=False, auto_now_add=False),
        ends_at=fields.DatetimeField(auto_now=False, auto_now_add=False),
        is_active=fields.BooleanField(db_default=True),
    ),
    tenant_row(
        "BasketItem",
        "community_basket_item",
        "Something that somebody means to order for a unit, until they do.",
        person_id=fields.UUIDField(),
        account_id=fields.UUIDField(),
        product_id=fields.UUIDField(),
        quantity=fields.IntField(),
    ),
    ops.RunSQL(
        "alter table community_shop_order no force row level security;"
        "update community_shop_order set basket_id = id;"
        "alter table community_shop_order force row level security;"
        "alter table community_shop_order add constraint community_shop_order_discount_check"
        " check (discount_minor >= 0 and discount_minor < price_minor * quantity);"
        "create index community_shop_order_basket_id_idx on community_shop_order (tenant_id, basket_id);"
    ),
]
"""What was ordered alone was a basket of its own, under the order's id: that is what its hold calls it."""
WALLS = [
    Wall(
        "community_work_quote",
        refs={"order_id": "community_work_order"},
        uniques=["order_id where status = 'asked'"],
        indexes=["order_id, created_at"],
        person=visible("community_work_order", "order_id"),
        checks={
            "status": "status in ('asked', 'agreed', 'refused', 'withdrawn')",
            "total": "total_minor > 0",
        },
    ),
    Wall(
        "community_shop_promotion",
        refs={"shop_id": "community_shop", "product_id": "community_shop_product"},
        indexes=["shop_id, ends_at"],
        checks={
            "kind": "kind in ('percent', 'amount')",
            "value": "value > 0 and (kind <> 'percent' or value <= 90)",
            "span": "ends_at > starts_at",
            "minimum": "minimum_minor >= 0",
        },
    ),
    Wall(
        "community_basket_item",
        refs={"account_id": "tenants_account", "product_id": "community_shop_product"},
        uniques=["person_id, account_id, product_id"],
        indexes=["product_id"],
        person="t.person_id = (select scope_person())",
        checks={"quantity": "quantity between 1 and 999"},
    ),
]


class Migration(migrations.Migration):
    dependencies = [("cloud", "0032_app_doors")]

    operations = [
        *WORK,
        *PASSES,
        *VOTES,
        *SHOPS,
        *(ops.RunSQL(build(wall)) for wall in WALLS),
        ops.RunSQL(
            "create policy guests on community_basket_item as restrictive for select using"
            " (account_id <> all ((select scope_barred('pay'))::uuid[]));"
        ),
    ]
