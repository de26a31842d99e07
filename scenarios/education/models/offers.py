"""What a school offers with places, who has one, and what guardians have signed."""

from datetime import date, datetime, timedelta
from uuid import UUID

from tortoise import fields

from tenants.models.base import TenantRow


class SchoolOffer(TenantRow):
    """A trip, a club, after-school care, or something to buy with sizes and stock.

    ``grades`` are those it is for (``3,4``), empty for all; ``titles``, ``texts`` and ``consent`` are by locale. A
    pupil takes at most ``most_each`` of it.
    """

    kind = fields.CharField(max_length=10)
    titles: dict[str, str] = fields.JSONField()
    texts: dict[str, str] = fields.JSONField()
    consent: dict[str, str] = fields.JSONField()
    grades = fields.CharField(max_length=100, db_default="")
    fee_item_id: UUID | None = fields.UUIDField(null=True)
    opens_at: datetime = fields.DatetimeField()
    closes_at: datetime = fields.DatetimeField()
    happens_on: date | None = fields.DateField(null=True)
    minutes = fields.SmallIntField(db_default=30)
    most_each = fields.SmallIntField(db_default=1)
    has_waiting = fields.BooleanField(db_default=True)
    status = fields.CharField(max_length=10, db_default="draft")
    created_by_name = fields.CharField(max_length=100, db_default="")

    @property
    def last_at(self) -> datetime:
        """The last moment of the last day, for whoever reads it: ``closes_at`` is the midnight after."""
        return self.closes_at - timedelta(seconds=1)

    class Meta:
        table = "education_offer"


class SchoolOption(TenantRow):
    """One price and number of places of an offer: the trip itself, a size, a day of the week.

    ``taken`` counts what is kept, held while being paid, or offered to somebody from the waiting list.
    """

    offer_id: UUID = fields.UUIDField()
    names: dict[str, str] = fields.JSONField()
    price_minor = fields.BigIntField()
    places = fields.IntField()
    taken = fields.IntField(db_default=0)
    position = fields.SmallIntField(db_default=0)

    class Meta:
        table = "education_offer_option"


class SchoolBooking(TenantRow):
    """What a pupil has of an offer: held, kept, waiting. ``until`` ends a held or offered one.

    ``is_single`` says that a pupil has one of the offer at a time.
    """

    offer_id: UUID = fields.UUIDField()
    option_id: UUID = fields.UUIDField()
    account_id: UUID = fields.UUIDField()
    quantity = fields.SmallIntField(db_default=1)
    status = fields.CharField(max_length=10)
    is_single = fields.BooleanField(db_default=True)
    hold_id: UUID | None = fields.UUIDField(null=True)
    consent_id: UUID | None = fields.UUIDField(null=True)
    until: datetime | None = fields.DatetimeField(null=True)
    person_id: UUID | None = fields.UUIDField(null=True)
    person_name = fields.CharField(max_length=100)
    ended_reason = fields.CharField(max_length=200, db_default="")

    class Meta:
        table = "education_booking"


class SchoolConsent(TenantRow):
    """What a guardian has signed, or taken back, for a child: the words as they read them, and how they were known.

    ``purpose`` is ``offer`` (``subject_id`` names it), or what it lasts for until it is taken back: ``health``.
    Append-only: the last row of a purpose holds.
    """

    purpose = fields.CharField(max_length=20)
    subject_id: UUID | None = fields.UUIDField(null=True)
    account_id: UUID = fields.UUIDField()
    person_id: UUID = fields.UUIDField()
    person_name = fields.CharField(max_length=100)
    relation = fields.CharField(max_length=20)
    words = fields.TextField()
    is_given = fields.BooleanField()
    method = fields.CharField(max_length=20, db_default="")
    level = fields.SmallIntField(db_default=0)

    class Meta:
        table = "education_consent"
