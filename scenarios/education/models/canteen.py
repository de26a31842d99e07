"""The canteen: what there is to eat, who is served, and who eats for less without anybody at the counter knowing."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from tortoise import fields

from tenants.models.base import TenantRow


class SchoolRefill(TenantRow):
    """That a pupil's card is filled by autopay below a level: so much at once, at most so much in a month.

    ``word`` says why it ended by itself; ``told_for`` is the last month of which the family heard that it is used up.
    """

    account_id: UUID = fields.UUIDField()
    person_id: UUID = fields.UUIDField()
    person_name = fields.CharField(max_length=100)
    level_minor = fields.BigIntField()
    amount_minor = fields.BigIntField()
    month_minor = fields.BigIntField()
    status = fields.CharField(max_length=10, db_default="active")
    word = fields.CharField(max_length=20, db_default="")
    told_for: date | None = fields.DateField(null=True)
    ended_at: datetime | None = fields.DatetimeField(null=True)
    ended_by_name = fields.CharField(max_length=100, db_default="")

    class Meta:
        table = "education_refill"


class SchoolRefillRun(TenantRow):
    """One top-up that a card's own refill has asked for."""

    refill_id: UUID = fields.UUIDField()
    bill_id: UUID = fields.UUIDField()
    amount_minor = fields.BigIntField()
    month: date = fields.DateField()

    class Meta:
        table = "education_refill_run"


class SchoolDish(TenantRow):
    """Something sold at the till. ``is_meal`` is what a meal right reaches; ``allergens`` are keys, by comma."""

    names: dict[str, str] = fields.JSONField()
    price_minor = fields.BigIntField()
    is_meal = fields.BooleanField(db_default=False)
    allergens = fields.CharField(max_length=200, db_default="")
    is_active = fields.BooleanField(db_default=True)
    position = fields.SmallIntField(db_default=0)

    class Meta:
        table = "education_dish"


class SchoolCard(TenantRow):
    """What a pupil's family has set for the canteen. ``number`` is what a scanner reads, the pupil's own where empty.

    ``allergies`` are kept only with a guardian's consent. ``alert_minor``: below it the family is told.
    """

    account_id: UUID = fields.UUIDField()
    number = fields.CharField(max_length=60, db_default="")
    daily_limit_minor: int | None = fields.BigIntField(null=True)
    alert_minor: int | None = fields.BigIntField(null=True)
    allergies = fields.CharField(max_length=200, db_default="")
    is_blocked = fields.BooleanField(db_default=False)

    class Meta:
        table = "education_card"


class SchoolMealRight(TenantRow):
    """That a pupil's meals cost less, or nothing, for a time; asked for by one person, approved by another.

    ``percent`` is what the school bears of one meal a day. ``evidence`` is a kept file, or empty.
    """

    account_id: UUID = fields.UUIDField()
    percent = fields.SmallIntField()
    first_on: date = fields.DateField()
    last_on: date = fields.DateField()
    reason = fields.TextField()
    evidence: list[dict[str, Any]] = fields.JSONField()
    status = fields.CharField(max_length=10, db_default="requested")
    requested_by: UUID | None = fields.UUIDField(null=True)
    requested_by_name = fields.CharField(max_length=100)
    decided_by: UUID | None = fields.UUIDField(null=True)
    decided_by_name = fields.CharField(max_length=100, db_default="")
    decided_at = fields.DatetimeField(null=True)

    class Meta:
        table = "education_meal_right"


class SchoolSale(TenantRow):
    """One pupil served at the till. ``price_minor`` is what everybody sees, ``paid_minor`` what left the wallet.

    ``key`` is the till's own number of the sale, so that one that is sent twice is served once.
    """

    account_id: UUID = fields.UUIDField()
    day: date = fields.DateField()
    items: list[dict[str, Any]] = fields.JSONField()
    price_minor = fields.BigIntField()
    paid_minor = fields.BigIntField()
    right_id: UUID | None = fields.UUIDField(null=True)
    movement_id: UUID | None = fields.UUIDField(null=True)
    key = fields.CharField(max_length=80)
    is_undone = fields.BooleanField(db_default=False)
    served_by_name = fields.CharField(max_length=100)

    class Meta:
        table = "education_sale"
