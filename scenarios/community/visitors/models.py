"""Passes of visitors, each time one is used, and parcels that wait at the desk."""

from datetime import datetime
from uuid import UUID

from tortoise import fields

from tenants.models.base import TenantRow


class VisitorPass(TenantRow):
    """That a person or a car may come in, in a window of time and so many times.

    The code on it is made from its id by a key of the deployment; kept is only its hash.
    """

    account_id: UUID = fields.UUIDField()
    name = fields.CharField(max_length=100)
    plate = fields.CharField(max_length=20, db_default="")
    valid_from: datetime = fields.DatetimeField()
    valid_until: datetime = fields.DatetimeField()
    uses = fields.SmallIntField()
    used = fields.SmallIntField(db_default=0)
    code_hash: bytes = fields.BinaryField()
    issued_by: UUID | None = fields.UUIDField(null=True)
    issued_by_name = fields.CharField(max_length=100, db_default="")
    revoked_at: datetime | None = fields.DatetimeField(null=True)

    class Meta:
        table = "community_visitor_pass"


class PassUse(TenantRow):
    """One scan of a pass as it was made; what it came to is worked out from all of them (``scanning``).

    ``key`` is the gate's own, so that sending it twice counts once. ``fault`` is why somebody was not let in, or ought
    not to have been; ``mode`` whether there was a network.
    """

    pass_id: UUID = fields.UUIDField()
    key = fields.CharField(max_length=80)
    by_name = fields.CharField(max_length=100, db_default="")
    device_id: UUID | None = fields.UUIDField(null=True)
    mode = fields.CharField(max_length=10, db_default="online")
    scanned_at: datetime | None = fields.DatetimeField(null=True)
    has_let_in = fields.BooleanField(db_default=True)
    fault = fields.CharField(max_length=20, db_default="")

    class Meta:
        table = "community_pass_use"


class Parcel(TenantRow):
    """A parcel at the desk. Whoever fetches it says the code that its receiver was told."""

    account_id: UUID = fields.UUIDField()
    number = fields.CharField(max_length=20)
    code = fields.CharField(max_length=6)
    carrier = fields.CharField(max_length=60, db_default="")
    note = fields.CharField(max_length=200, db_default="")
    taken_by_name = fields.CharField(max_length=100, db_default="")
    collected_at: datetime | None = fields.DatetimeField(null=True)
    collected_by = fields.CharField(max_length=100, db_default="")

    class Meta:
        table = "community_parcel"
