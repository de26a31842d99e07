"""How children come to a school: rounds of enrolment with their form, and who has applied."""

from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from tortoise import fields

from tenants.models.base import TenantRow


class SchoolRound(TenantRow):
    """One round: for which grade, how many places, and the form that families fill in.

    ``questions`` are the school's own fields as data (key, labels, choices, whether one has to be answered);
    ``papers`` are documents to bring along. ``deposit_minor`` is paid to accept an offer, zero for none.
    """

    titles: dict[str, str] = fields.JSONField()
    texts: dict[str, str] = fields.JSONField()
    grade = fields.CharField(max_length=20)
    places = fields.IntField()
    questions: list[dict[str, Any]] = fields.JSONField()
    papers: list[dict[str, Any]] = fields.JSONField()
    opens_at: datetime = fields.DatetimeField()
    closes_at: datetime = fields.DatetimeField()
    deposit_minor = fields.BigIntField(db_default=0)
    fee_item_id: UUID | None = fields.UUIDField(null=True)
    answer_days = fields.SmallIntField(db_default=7)
    status = fields.CharField(max_length=10, db_default="draft")
    created_by_name = fields.CharField(max_length=100, db_default="")

    @property
    def last_at(self) -> datetime:
        """The last moment of the last day, for whoever reads it: ``closes_at`` is the midnight after."""
        return self.closes_at - timedelta(seconds=1)

    class Meta:
        table = "education_round"


class SchoolApplicant(TenantRow):
    """A child for whom somebody applies. ``account_id`` is who owes the deposit, and the pupil once enrolled.

    ``words`` are what a guardian has agreed to, so that anything of the child may be kept.
    """

    round_id: UUID = fields.UUIDField()
    number = fields.CharField(max_length=40)
    status = fields.CharField(max_length=12, db_default="draft")
    child_name = fields.CharField(max_length=100)
    born_on: date = fields.DateField()
    answers: dict[str, str] = fields.JSONField()
    files: list[dict[str, Any]] = fields.JSONField()
    person_id: UUID = fields.UUIDField()
    person_name = fields.CharField(max_length=100)
    email = fields.CharField(max_length=200, db_default="")
    phone = fields.CharField(max_length=40, db_default="")
    words = fields.TextField(db_default="")
    agreed_at: datetime | None = fields.DatetimeField(null=True)
    has_sibling = fields.BooleanField(db_default=False)
    account_id: UUID | None = fields.UUIDField(null=True)
    hold_id: UUID | None = fields.UUIDField(null=True)
    submitted_at: datetime | None = fields.DatetimeField(null=True)
    answer_by: datetime | None = fields.DatetimeField(null=True)
    reason = fields.TextField(db_default="")
    decided_by_name = fields.CharField(max_length=100, db_default="")

    class Meta:
        table = "education_applicant"
