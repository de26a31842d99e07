"""What a patient has agreed to, purpose by purpose; withdrawn, it holds no more."""

from datetime import datetime
from uuid import UUID

from tortoise import fields

from tenants.models.base import TenantRow


class CareConsent(TenantRow):
    """One agreement for one purpose (``kinds.CONSENTS``): by the patient or who cares for them, or signed at the desk.

    A patient has one live agreement for a purpose; ended ones are kept.
    """

    account_id: UUID = fields.UUIDField()
    purpose = fields.CharField(max_length=20)
    way = fields.CharField(max_length=10)
    given_by_name = fields.CharField(max_length=100)
    given_at: datetime = fields.DatetimeField()
    withdrawn_at: datetime | None = fields.DatetimeField(null=True)
    withdrawn_by_name = fields.CharField(max_length=100, db_default="")

    class Meta:
        table = "hospital_consent"
