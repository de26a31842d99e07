"""What a site offers: products, its day cut into slots, and how many people each part of it takes."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from tortoise import fields

from tenants.models.base import TenantRow


class Site(TenantRow):
    """A scenic site.

    ``word`` names it in addresses and belongs to no other site of the house; ``word_hash`` finds it without knowing
    whose it is. ``names`` maps a locale to what people read.
    ``day_cap`` and ``instant_cap`` are the approved caps that the law has published: people a day, people at once.
    ``seasons`` lists ``{"key", "from": "MM-DD", "until": "MM-DD"}``; what none covers is ``low``. Sales of a day open
    ``opens_days`` before it at ``opens_minute`` of the local day; ``closes_minutes`` after a slot's start they end.
    """

    word = fields.CharField(max_length=40)
    word_hash: bytes = fields.BinaryField()
    names: dict[str, str] = fields.JSONField()
    about: dict[str, str] = fields.JSONField()
    day_cap = fields.IntField()
    instant_cap = fields.IntField()
    alarm_percent = fields.SmallIntField(db_default=90)
    seasons: list[dict[str, str]] = fields.JSONField()
    opens_days = fields.SmallIntField(db_default=7)
    opens_minute = fields.SmallIntField(db_default=1200)
    sells_on_the_day = fields.BooleanField(db_default=True)
    closes_minutes = fields.SmallIntField(db_default=120)
    hold_minutes = fields.SmallIntField(db_default=15)
    most_per_order = fields.SmallIntField(db_default=10)
    no_shows_to_block = fields.SmallIntField(db_default=3)
    is_open = fields.BooleanField(db_default=True)

    class Meta:
        table = "tourism_site"


class Product(TenantRow):
    """What is sold. ``kind``: single, combo (a ticket for each of ``parts``), group, pass, or extra (a merchant's).

    ``real_name`` is none, lead (whoever buys) or each. ``refund_tiers`` lists ``{"hours", "percent", "strike"}``: so
    many hours before the slot begins at least, so many percent come back; it is copied onto every ticket at sale.
    ``uses`` is how often a ticket lets in, ``uses_per_day`` how often a day (passes), ``valid_days`` how long a pass
    lives. ``visitor_kinds`` are those it is sold to. Its price is the rule of its fee item. ``opens_days`` and
    ``opens_minute`` are its own window of sale, where it is not the site's. ``receiver_id`` is the merchant on site
    whose it is: the split rule of its fee item shares the proceeds.
    """

    site_id: UUID = fields.UUIDField()
    fee_item_id: UUID = fields.UUIDField()
    key = fields.CharField(max_length=40)
    kind = fields.CharField(max_length=20)
    names: dict[str, str] = fields.JSONField()
    about: dict[str, str] = fields.JSONField()
    visitor_kinds: list[str] = fields.JSONField()
    parts: list[str] = fields.JSONField()
    real_name = fields.CharField(max_length=10, db_default="none")
    refund_tiers: list[dict[str, Any]] = fields.JSONField()
    uses = fields.SmallIntField(db_default=1)
    uses_per_day = fields.SmallIntField(db_default=1)
    valid_days = fields.SmallIntField(db_default=0)
    least_people = fields.SmallIntField(db_default=1)
    is_slotted = fields.BooleanField(db_default=True)
    is_transferable = fields.BooleanField(db_default=False)
    is_on_sale = fields.BooleanField(db_default=True)
    position = fields.SmallIntField(db_default=0)
    opens_days: int | None = fields.SmallIntField(null=True)
    opens_minute: int | None = fields.SmallIntField(null=True)
    receiver_id: UUID | None = fields.UUIDField(null=True)

    class Meta:
        table = "tourism_product"


class SlotTemplate(TenantRow):
    """A slot that returns on some days of the week. Minutes are of the local day; ``weekdays`` has 1 for Monday.

    ``allotments`` maps a channel to how many of the slot's places it sells at most. ``opens_days`` and
    ``opens_minute`` are its own window of sale, where it is not the site's.
    """

    site_id: UUID = fields.UUIDField()
    names: dict[str, str] = fields.JSONField()
    weekdays: list[int] = fields.JSONField()
    start_minute = fields.SmallIntField()
    end_minute = fields.SmallIntField()
    grace_before = fields.SmallIntField(db_default=0)
    grace_after = fields.SmallIntField(db_default=0)
    capacity = fields.IntField()
    allotments: dict[str, int] = fields.JSONField()
    since: date = fields.DateField()
    until: date | None = fields.DateField(null=True)
    opens_days: int | None = fields.SmallIntField(null=True)
    opens_minute: int | None = fields.SmallIntField(null=True)

    class Meta:
        table = "tourism_slot_template"


class DayRule(TenantRow):
    """An exception for one day of a site: shut, another cap in percent of the approved one, a holiday, and why."""

    site_id: UUID = fields.UUIDField()
    day: date = fields.DateField()
    is_shut = fields.BooleanField(db_default=False)
    is_holiday = fields.BooleanField(db_default=False)
    cap_percent = fields.SmallIntField(db_default=100)
    reason = fields.CharField(max_length=200, db_default="")
    weather = fields.CharField(max_length=100, db_default="")

    class Meta:
        table = "tourism_day_rule"


class Slot(TenantRow):
    """One slot of one day. ``starts_at`` to ``ends_at`` is when its tickets are sold for; the gate adds the grace."""

    site_id: UUID = fields.UUIDField()
    template_id: UUID | None = fields.UUIDField(null=True)
    day: date = fields.DateField()
    names: dict[str, str] = fields.JSONField()
    starts_at: datetime = fields.DatetimeField()
    ends_at: datetime = fields.DatetimeField()
    grace_before = fields.SmallIntField(db_default=0)
    grace_after = fields.SmallIntField(db_default=0)
    status = fields.CharField(max_length=20, db_default="open")
    reason = fields.CharField(max_length=200, db_default="")

    class Meta:
        table = "tourism_slot"


class Pool(TenantRow):
    """How many people something still takes: a site's day (``scope`` day), a slot, or a channel's allotment of a slot.

    ``ceiling`` is what was decided; ``capacity`` is the same, or as many as are taken already where a ceiling was
    lowered below that. ``is_reserved`` marks an agency's allotment (``channel`` is its contract): its free places are
    held in the slot and the day, so that nobody else gets them. PostgreSQL refuses ``held + sold > capacity`` whatever
    the code does.
    """

    site_id: UUID = fields.UUIDField()
    day: date = fields.DateField()
    scope = fields.CharField(max_length=10)
    slot_id: UUID | None = fields.UUIDField(null=True)
    channel = fields.CharField(max_length=40, db_default="")
    ceiling = fields.IntField()
    capacity = fields.IntField()
    held = fields.IntField(db_default=0)
    sold = fields.IntField(db_default=0)
    is_reserved = fields.BooleanField(db_default=False)

    class Meta:
        table = "tourism_pool"
