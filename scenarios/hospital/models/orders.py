"""What the hospital's own system charges, as far as it is paid through us."""

from datetime import date, datetime
from uuid import UUID

from tortoise import fields
from tortoise.fields.db_defaults import Now

from tenants.models.base import TenantRow


class ClinicOrder(TenantRow):
    """One charge item of the hospital's system. ``what`` it is for is clinical and kept encrypted.

    It is in one basket at most: whoever takes it into one fills ``basket_id``.
    """

    account_id: UUID = fields.UUIDField()
    his_id = fields.CharField(max_length=64)
    what: bytes = fields.BinaryField()
    amount_minor = fields.BigIntField()
    currency = fields.CharField(max_length=3)
    status = fields.CharField(max_length=20, db_default="billable")
    basket_id: UUID | None = fields.UUIDField(null=True)
    ordered_at: datetime = fields.DatetimeField()
    changed_at: datetime = fields.DatetimeField(db_default=Now())

    class Meta:
        table = "hospital_order"


class OrderBasket(TenantRow):
    """Orders that are paid together, until the hospital's system has confirmed it or the money has gone back.

    ``his_reference`` is the system's own number of the posting; ``is_cleared`` is false while a posting that may
    have landed after the money went back has still to be taken back there. ``returned_minor`` is what of it single
    orders have given back since.
    """

    account_id: UUID = fields.UUIDField()
    reference = fields.CharField(max_length=40)
    amount_minor = fields.BigIntField()
    currency = fields.CharField(max_length=3)
    status = fields.CharField(max_length=20, db_default="paying")
    hold_id: UUID | None = fields.UUIDField(null=True)
    bill_id: UUID | None = fields.UUIDField(null=True)
    paid_at: datetime | None = fields.DatetimeField(null=True)
    asked_at: datetime | None = fields.DatetimeField(null=True)
    tries = fields.SmallIntField(db_default=0)
    problem = fields.CharField(max_length=200, db_default="")
    his_reference = fields.CharField(max_length=64, db_default="")
    is_cleared = fields.BooleanField(db_default=True)
    ended_at: datetime | None = fields.DatetimeField(null=True)
    is_tonight = fields.BooleanField(db_default=False)
    """Treated first: ``paid_at`` is when that was agreed, and the bill is taken by mandate."""
    returned_minor = fields.BigIntField(db_default=0)

    class Meta:
        table = "hospital_basket"


class OrderReturn(TenantRow):
    """Some orders of a basket that was paid are given back: asked by one person, agreed by another, taken back there.

    ``order_ids`` are their ids as text; the system refuses what was done already.
    """

    basket_id: UUID = fields.UUIDField()
    account_id: UUID = fields.UUIDField()
    order_ids: list[str] = fields.JSONField()
    amount_minor = fields.BigIntField()
    currency = fields.CharField(max_length=3)
    reason = fields.CharField(max_length=300)
    status = fields.CharField(max_length=20, db_default="asked")
    asked_by: UUID | None = fields.UUIDField(null=True)
    asked_by_name = fields.CharField(max_length=100, db_default="")
    decided_by: UUID | None = fields.UUIDField(null=True)
    decided_by_name = fields.CharField(max_length=100, db_default="")
    decided_at: datetime | None = fields.DatetimeField(null=True)
    tries = fields.SmallIntField(db_default=0)
    problem = fields.CharField(max_length=200, db_default="")
    ended_at: datetime | None = fields.DatetimeField(null=True)

    class Meta:
        table = "hospital_order_return"


class HisBreak(TenantRow):
    """One difference between our payments and the system's postings of a day, closed by a person with a reason."""

    day: date = fields.DateField()
    kind = fields.CharField(max_length=30)
    key = fields.CharField(max_length=80)
    ours_minor = fields.BigIntField(null=True)
    theirs_minor = fields.BigIntField(null=True)
    currency = fields.CharField(max_length=3)
    status = fields.CharField(max_length=20, db_default="open")
    reason = fields.CharField(max_length=500, db_default="")
    closed_by_name = fields.CharField(max_length=100, db_default="")
    closed_at: datetime | None = fields.DatetimeField(null=True)

    class Meta:
        table = "hospital_his_break"


class HisDay(TenantRow):
    """One day's match: what is paid here, posted at the system, seen by the bank, and what waits for a statement."""

    day: date = fields.DateField()
    ours_minor = fields.BigIntField()
    theirs_minor = fields.BigIntField()
    bank_minor = fields.BigIntField()
    waiting_minor = fields.BigIntField()
    currency = fields.CharField(max_length=3)
    open_count = fields.IntField(db_default=0)
    matched_at: datetime = fields.DatetimeField()
    matched_by_name = fields.CharField(max_length=100, db_default="")

    class Meta:
        table = "hospital_his_day"
