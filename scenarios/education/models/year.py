"""The change of the school year, once for each."""

from datetime import date

from tortoise import fields

from tenants.models.base import TenantRow


class SchoolRollOver(TenantRow):
    """That all pupils have gone up a grade after a school year: how many, how many have left, who did it."""

    year = fields.SmallIntField()
    last_on: date = fields.DateField()
    promoted = fields.IntField()
    graduated = fields.IntField()
    by_name = fields.CharField(max_length=100)

    class Meta:
        table = "education_roll_over"
