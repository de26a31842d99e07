"""Who is at a school and in which class, in the terms of OneRoster 1.2, and what its fees are approved as."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from tortoise import fields
from tortoise.fields.db_defaults import Now

from tenants.models.base import TenantRow


class _Rostered(TenantRow):
    """What a roster knows by its own id. ``closed_on`` is the last day of what is over; nothing is ever deleted.

    What the school has entered by itself has a ``sourced_id`` that begins with ``local:``, and no roster closes it.
    ``updated_at`` is when anything of it changed last: a trigger keeps it.
    """

    sourced_id = fields.CharField(max_length=200)
    closed_on: date | None = fields.DateField(null=True)
    updated_at: datetime = fields.DatetimeField(db_default=Now())

    class Meta:
        abstract = True


class SchoolOrg(_Rostered):
    """A district, a school, a campus or a department of one."""

    name = fields.CharField(max_length=200)
    kind = fields.CharField(max_length=20)
    identifier = fields.CharField(max_length=100, db_default="")
    parent_id: UUID | None = fields.UUIDField(null=True)

    class Meta:
        table = "education_org"


class SchoolSession(_Rostered):
    """A school year, semester, term or grading period."""

    title = fields.CharField(max_length=200)
    kind = fields.CharField(max_length=20)
    starts_on: date = fields.DateField()
    ends_on: date = fields.DateField()
    parent_id: UUID | None = fields.UUIDField(null=True)
    school_year = fields.SmallIntField(db_default=0)

    class Meta:
        table = "education_session"


class SchoolCourse(_Rostered):
    """What is taught, whoever it is taught to."""

    title = fields.CharField(max_length=200)
    code = fields.CharField(max_length=100, db_default="")
    grades = fields.CharField(max_length=100, db_default="")

    class Meta:
        table = "education_course"


class SchoolClass(_Rostered):
    """Pupils who are taught together. Of a ``homeroom`` a pupil has one at a time, of ``scheduled`` ones many."""

    title = fields.CharField(max_length=100)
    code = fields.CharField(max_length=60, db_default="")
    kind = fields.CharField(max_length=10)
    grades = fields.CharField(max_length=100, db_default="")
    location = fields.CharField(max_length=100, db_default="")
    course_id: UUID | None = fields.UUIDField(null=True)
    org_id: UUID | None = fields.UUIDField(null=True)
    sort_key = fields.CharField(max_length=100, db_default="")

    class Meta:
        table = "education_class"


class SchoolClassSession(TenantRow):
    """A class in one of its terms."""

    class_id: UUID = fields.UUIDField()
    session_id: UUID = fields.UUIDField()

    class Meta:
        table = "education_class_session"


class SchoolUser(_Rostered):
    """A human being of the roster: pupil, teacher, guardian. A pupil's ``account_id`` is who is billed.

    ``number`` is the school's own number of the person; passwords of rosters are never read.
    """

    username = fields.CharField(max_length=100, db_default="")
    given_name = fields.CharField(max_length=100, db_default="")
    middle_name = fields.CharField(max_length=100, db_default="")
    family_name = fields.CharField(max_length=100, db_default="")
    name = fields.CharField(max_length=200)
    number = fields.CharField(max_length=60, db_default="")
    email = fields.CharField(max_length=200, db_default="")
    phone = fields.CharField(max_length=40, db_default="")
    grade = fields.CharField(max_length=20, db_default="")
    born_on: date | None = fields.DateField(null=True)
    account_id: UUID | None = fields.UUIDField(null=True)
    is_enabled = fields.BooleanField(db_default=True)

    class Meta:
        table = "education_user"


class SchoolRole(_Rostered):
    """What a person is at an org, from–until: student, teacher, guardian, principal …."""

    user_id: UUID = fields.UUIDField()
    role = fields.CharField(max_length=40)
    kind = fields.CharField(max_length=10, db_default="primary")
    org_id: UUID | None = fields.UUIDField(null=True)
    begins_on: date | None = fields.DateField(null=True)
    ends_on: date | None = fields.DateField(null=True)

    class Meta:
        table = "education_role"


class SchoolAgent(TenantRow):
    """Who acts for a pupil: a guardian, parent or relative of the roster."""

    user_id: UUID = fields.UUIDField()
    agent_id: UUID = fields.UUIDField()
    closed_on: date | None = fields.DateField(null=True)

    class Meta:
        table = "education_agent"


class SchoolEnrolment(_Rostered):
    """A person in a class as student, teacher or administrator, from–until."""

    class_id: UUID = fields.UUIDField()
    user_id: UUID = fields.UUIDField()
    role = fields.CharField(max_length=20)
    is_primary = fields.BooleanField(db_default=False)
    begins_on: date | None = fields.DateField(null=True)
    ends_on: date | None = fields.DateField(null=True)

    class Meta:
        table = "education_enrolment"


class RosterBundle(TenantRow):
    """A OneRoster bundle on its way in: read, looked at, brought in.

    ``counts`` has added, changed, unchanged and closed by file; ``problems`` what was refused or doubtful, each with
    file, row, column, value and reason. ``closes_many`` waits for somebody to say that it is meant.
    """

    filename = fields.CharField(max_length=200)
    sha256 = fields.CharField(max_length=64)
    state = fields.CharField(max_length=20, db_default="checking")
    modes: dict[str, str] = fields.JSONField()
    counts: dict[str, Any] = fields.JSONField()
    problems: list[dict[str, Any]] = fields.JSONField()
    closes_many = fields.BooleanField(db_default=False)
    task_id: UUID | None = fields.UUIDField(null=True)
    created_by: UUID | None = fields.UUIDField(null=True)
    created_by_name = fields.CharField(max_length=100, db_default="")
    applied_at = fields.DatetimeField(null=True)

    class Meta:
        table = "education_bundle"


class RosterBundlePart(TenantRow):
    """Records of one of a bundle's files, many in each; ``seen:`` before the file's name: the ids that it holds."""

    bundle_id: UUID = fields.UUIDField()
    file = fields.CharField(max_length=40)
    records: list[Any] = fields.JSONField()

    class Meta:
        table = "education_bundle_part"


class SchoolFee(TenantRow):
    """What the law wants to be known of a school's fee: its group, and by whom its price was approved.

    ``group`` is what it is for (tuition, boarding, services, canteen, books, activity); a fee that the school may not
    set by itself names the ``authority`` and the number of its approval.
    """

    fee_key = fields.CharField(max_length=60)
    group = fields.CharField(max_length=20, source_field="fee_group")
    basis = fields.CharField(max_length=20, db_default="school")
    authority = fields.CharField(max_length=200, db_default="")
    approval_number = fields.CharField(max_length=100, db_default="")
    approved_on: date | None = fields.DateField(null=True)
    note = fields.TextField(db_default="")

    class Meta:
        table = "education_fee"
