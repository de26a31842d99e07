"""Stays in the hospital: who lies in which bed, what each day cost, what insurance bears, who has lent how much."""

from datetime import date, datetime
from uuid import UUID

from tortoise import fields

from scenarios.hospital import places
from tenants.models.base import TenantRow


class Stay(TenantRow):
    """One stay of a patient; its row is the lock under which its charges come in and it is settled.

    ``his_id`` is the system's number of it, empty until the system knows a stay that the desk has begun. ``place`` is
    ward and bed, encrypted and found by hashes (``places``); none while nobody knows where the patient lies.
    ``unbilled`` is how many charges the system had not finished when it was last asked, ``short_at`` when somebody was
    last told that the deposit runs low.
    """

    account_id: UUID = fields.UUIDField()
    reference = fields.CharField(max_length=40)
    his_id = fields.CharField(max_length=64, db_default="")
    place: bytes | None = fields.BinaryField(null=True)
    place_hash: bytes | None = fields.BinaryField(null=True)
    ward_hash: bytes | None = fields.BinaryField(null=True)
    bed_hash: bytes | None = fields.BinaryField(null=True)
    status = fields.CharField(max_length=20, db_default="admitted")
    currency = fields.CharField(max_length=3)
    wallet_id: UUID = fields.UUIDField()
    threshold_minor = fields.BigIntField(null=True)
    round = fields.SmallIntField(db_default=1)
    unbilled = fields.IntField(db_default=0)
    listed_at: datetime | None = fields.DatetimeField(null=True)
    short_at: datetime | None = fields.DatetimeField(null=True)
    admitted_at: datetime = fields.DatetimeField()
    leaving_at: datetime | None = fields.DatetimeField(null=True)
    ended_at: datetime | None = fields.DatetimeField(null=True)
    admitted_by_name = fields.CharField(max_length=100, db_default="")

    class Meta:
        table = "hospital_stay"

    @property
    def ward(self) -> str:
        """The ward, as staff and family read it."""
        return places.opened(self.place).ward

    @property
    def bed(self) -> str:
        """The bed, as staff and family read it."""
        return places.opened(self.place).bed


class StayCharge(TenantRow):
    """One line of a day's list, never changed. ``step`` 0 is the charge itself, each later one corrects it.

    ``what`` it is for is clinical and kept encrypted.
    """

    stay_id: UUID = fields.UUIDField()
    account_id: UUID = fields.UUIDField()
    his_id = fields.CharField(max_length=64)
    step = fields.SmallIntField()
    day: date = fields.DateField()
    what: bytes = fields.BinaryField()
    amount_minor = fields.BigIntField()
    currency = fields.CharField(max_length=3)

    class Meta:
        table = "hospital_stay_charge"


class DepositPosting(TenantRow):
    """One movement of a stay's deposit from or to outside, as the hospital's own system is told of it, once.

    ``amount_minor`` is below zero for what went back.
    """

    movement_id: UUID = fields.UUIDField()
    account_id: UUID = fields.UUIDField()
    stay_id: UUID = fields.UUIDField()
    amount_minor = fields.BigIntField()
    currency = fields.CharField(max_length=3)
    moved_at: datetime = fields.DatetimeField()
    status = fields.CharField(max_length=20, db_default="waiting")
    tries = fields.SmallIntField(db_default=0)
    asked_at: datetime | None = fields.DatetimeField(null=True)
    problem = fields.CharField(max_length=200, db_default="")
    his_reference = fields.CharField(max_length=64, db_default="")
    ended_at: datetime | None = fields.DatetimeField(null=True)

    class Meta:
        table = "hospital_deposit_posting"


class StaySettlement(TenantRow):
    """What insurance and patient bear of a stay, never changed: pre-settled, settled, reversed, decided again.

    Each row but a pre-settlement adds to those before it, so that their sum is what holds now. ``round`` counts the
    settlements of a stay; ``his_id`` is the insurer's number of the decision.
    """

    stay_id: UUID = fields.UUIDField()
    account_id: UUID = fields.UUIDField()
    kind = fields.CharField(max_length=20)
    round = fields.SmallIntField()
    his_id = fields.CharField(max_length=64)
    total_minor = fields.BigIntField()
    insurer_minor = fields.BigIntField()
    patient_minor = fields.BigIntField()
    currency = fields.CharField(max_length=3)
    bill_id: UUID | None = fields.UUIDField(null=True)
    by_name = fields.CharField(max_length=100, db_default="")
    note = fields.CharField(max_length=200, db_default="")

    class Meta:
        table = "hospital_settlement"


class BilledCharge(TenantRow):
    """A charge stands in a settlement. A unique index keeps it out of two live ones."""

    charge_id: UUID = fields.UUIDField()
    settlement_id: UUID = fields.UUIDField()
    stay_id: UUID = fields.UUIDField()
    is_live = fields.BooleanField(db_default=True)

    class Meta:
        table = "hospital_billed_charge"


class StayCredit(TenantRow):
    """How far a stay may go below what was deposited: asked by one person, agreed by another, until a day."""

    stay_id: UUID = fields.UUIDField()
    account_id: UUID = fields.UUIDField()
    amount_minor = fields.BigIntField()
    currency = fields.CharField(max_length=3)
    until: date = fields.DateField()
    reason = fields.CharField(max_length=300)
    status = fields.CharField(max_length=20, db_default="asked")
    asked_by: UUID | None = fields.UUIDField(null=True)
    asked_by_name = fields.CharField(max_length=100, db_default="")
    decided_by: UUID | None = fields.UUIDField(null=True)
    decided_by_name = fields.CharField(max_length=100, db_default="")
    decided_at: datetime | None = fields.DatetimeField(null=True)

    class Meta:
        table = "hospital_stay_credit"
