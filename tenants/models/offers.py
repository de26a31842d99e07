"""What a union or a bank offers to the level beneath, and what an institution has taken of it."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from tortoise import fields

from tenants.models.base import Row, TenantRow


class BankOffer(Row):
    """One version of a template, an app or a rule that a bank (or a union) offers to the level beneath.

    ``key`` is the same through all versions; ``content`` never changes once it is published. A bank's copy of what its
    union offers keeps where it comes from in ``origin`` (``bank``, ``number``, ``offer_id``). ``subject_id`` is what
    the content is about where that has a row of its own: the app.
    """

    bank_id: UUID = fields.UUIDField()
    kind = fields.CharField(max_length=20)
    key = fields.CharField(max_length=60)
    number = fields.IntField()
    status = fields.CharField(max_length=20, db_default="draft")
    names: dict[str, str] = fields.JSONField()
    scenario = fields.CharField(max_length=30, db_default="")
    content: dict[str, Any] = fields.JSONField()
    subject_id: UUID | None = fields.UUIDField(null=True)
    note = fields.CharField(max_length=300, db_default="")
    valid_from: date | None = fields.DateField(null=True)
    origin: dict[str, Any] | None = fields.JSONField(null=True)
    made_by_name = fields.CharField(max_length=100)
    published_at: datetime | None = fields.DatetimeField(null=True)
    published_by_name = fields.CharField(max_length=100, db_default="")
    withdrawn_at: datetime | None = fields.DatetimeField(null=True)

    class Meta:
        table = "tenants_bank_offer"


class OfferTaking(TenantRow):
    """An institution has taken a version of an offer: a copy, with where it comes from and what was made of it here.

    The latest one of a key counts; those before it keep ``replaced_at``.
    """

    bank_id: UUID = fields.UUIDField()
    offer_id: UUID = fields.UUIDField()
    kind = fields.CharField(max_length=20)
    key = fields.CharField(max_length=60)
    number = fields.IntField()
    names: dict[str, str] = fields.JSONField()
    content: dict[str, Any] = fields.JSONField()
    origin: dict[str, Any] = fields.JSONField()
    result: dict[str, Any] = fields.JSONField()
    taken_by_name = fields.CharField(max_length=100)
    replaced_at: datetime | None = fields.DatetimeField(null=True)

    class Meta:
        table = "tenants_offer_taking"


class OfferReach(Row):
    """How far one version of a union's offer has come in one member bank; kept by triggers on offers and takings.

    A union sees this and nothing beneath: when the bank took it (``created_at``), since when its institutions can
    take it, and how many have it now.
    """

    bank_id: UUID = fields.UUIDField()
    offer_id: UUID = fields.UUIDField()
    offered_at: datetime | None = fields.DatetimeField(null=True)
    institutions = fields.IntField(db_default=0)

    class Meta:
        table = "tenants_offer_reach"
