"""What a hospital is made of: departments, the services they offer, doctors."""

from uuid import UUID

from tortoise import fields

from tenants.models.base import TenantRow


class Department(TenantRow):
    """A department; ``names`` maps a locale to the name people read."""

    code = fields.CharField(max_length=20)
    names: dict[str, str] = fields.JSONField()
    position = fields.SmallIntField(db_default=0)
    is_active = fields.BooleanField(db_default=True)
    screen: bytes | None = fields.BinaryField(null=True)
    screen_hash: bytes | None = fields.BinaryField(null=True)
    """The secret of its waiting room's public screen, sealed, and what it is found by (``screens``)."""

    class Meta:
        table = "hospital_department"


class ClinicService(TenantRow):
    """What a department offers to those who come (a general clinic, a specialist's): a HealthcareService."""

    department_id: UUID = fields.UUIDField()
    names: dict[str, str] = fields.JSONField()
    is_active = fields.BooleanField(db_default=True)

    class Meta:
        table = "hospital_service"


class Doctor(TenantRow):
    """A practitioner; ``person_id`` is who signs in as this doctor, ``title`` one of ``kinds.TITLES``."""

    code = fields.CharField(max_length=40)
    name = fields.CharField(max_length=100)
    title = fields.CharField(max_length=20)
    about = fields.CharField(max_length=300, db_default="")
    person_id: UUID | None = fields.UUIDField(null=True)
    is_active = fields.BooleanField(db_default=True)

    class Meta:
        table = "hospital_doctor"
