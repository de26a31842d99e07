"""The change of the school year, once for each, and the pupils who do not go up with their class."""

from datetime import date
from uuid import UUID

from tortoise import fields

from tenants.models.base import TenantRow


class SchoolRollOver(TenantRow):
    """That all pupils have gone up a grade after a school year: how many, how many have left, who did it."""

    year = fields.SmallIntField()
    last_on: date = fields.DateField()
    promoted = fields.IntField()
    stayed = fields.IntField(db_default=0)
    graduated = fields.IntField()
    by_name = fields.CharField(max_length=100)

    class Meta:
        table = "education_roll_over"


class SchoolYearException(TenantRow):
    """A pupil who does not go up with their class: what becomes of them, and the ``title`` of their next class.

    It waits for the year to be closed; ``roll_over_id`` says by which closing it was done.
    """

    account_id: UUID = fields.UUIDField()
    outcome = fields.CharField(max_length=10)
    title = fields.CharField(max_length=60, db_default="")
    by_name = fields.CharField(max_length=100)
    roll_over_id: UUID | None = fields.UUIDField(null=True)

    class Meta:
        table = "education_year_exception"
