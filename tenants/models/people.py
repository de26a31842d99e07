"""Persons, how they prove who they are, and what they may do where."""

from datetime import date
from typing import Any
from uuid import UUID

from tortoise import fields
from tortoise.contrib.postgres.fields import ArrayField
from tortoise.fields.db_defaults import Now

from tenants.models.base import Row, TenantRow


class Person(Row):
    """One human being who signs in; visible to nobody else (others see the name on a membership or holder)."""

    name = fields.CharField(max_length=100)
    email = fields.CharField(max_length=200, db_default="")
    phone = fields.CharField(max_length=40, db_default="")
    locale = fields.CharField(max_length=10, db_default="")

    class Meta:
        table = "tenants_person"


class Identity(Row):
    """(issuer, subject) of a person at an identity provider: the only key that ever links a sign-in.

    ``key_hash`` is SHA-256 of ``issuer LF subject``: the secret under which a sign-in finds its row.
    """

    person_id: UUID = fields.UUIDField()
    key_hash: bytes = fields.BinaryField()
    issuer = fields.CharField(max_length=300)
    subject = fields.CharField(max_length=255)
    customer_type = fields.CharField(max_length=20)
    claims: dict[str, Any] = fields.JSONField()
    last_used_at = fields.DatetimeField(null=True)

    class Meta:
        table = "tenants_identity"


class Session(Row):
    """One signed-in browser. ``level`` is the assurance the bank gave (1–3) at ``auth_time``.

    ``bank_id`` is the bank that vouched, ``provider_key`` SHA-256 of what its provider calls this session: the
    secret under which a logout token finds it. ``company`` keeps the verified company the person acts for in this
    session (bank_id, enterprise_id, name, uscc, legal_representative, operator_role).
    """

    token_hash: bytes = fields.BinaryField()
    person_id: UUID = fields.UUIDField()
    identity_id: UUID | None = fields.UUIDField(null=True)
    method = fields.CharField(max_length=20)
    level = fields.SmallIntField()
    auth_time = fields.DatetimeField()
    company: dict[str, Any] | None = fields.JSONField(null=True)
    bank_id: UUID | None = fields.UUIDField(null=True)
    provider_key: bytes | None = fields.BinaryField(null=True)
    id_token = fields.TextField(db_default="")
    ip = fields.CharField(max_length=45, db_default="")
    user_agent = fields.CharField(max_length=300, db_default="")
    seen_at = fields.DatetimeField()
    expires_at = fields.DatetimeField()
    ended_at = fields.DatetimeField(null=True)

    class Meta:
        table = "tenants_session"


class OneTimeCode(Row):
    """A six-digit code sent to an address a payer is known by: five minutes, one use, one browser, few tries."""

    token_hash: bytes = fields.BinaryField()
    destination = fields.CharField(max_length=200)
    code_hash: bytes = fields.BinaryField()
    tries = fields.SmallIntField(db_default=0)
    expires_at = fields.DatetimeField()
    used_at = fields.DatetimeField(null=True)

    class Meta:
        table = "tenants_one_time_code"


class ParkedForm(Row):
    """What somebody typed when their session had run out, kept for them alone until they are back."""

    token_hash: bytes = fields.BinaryField()
    person_id: UUID = fields.UUIDField()
    path = fields.CharField(max_length=500)
    fields_: list[list[str]] = fields.JSONField(source_field="fields")
    files: list[str] = fields.JSONField()
    expires_at = fields.DatetimeField()
    used_at = fields.DatetimeField(null=True)

    class Meta:
        table = "tenants_parked_form"


class Role(TenantRow):
    """A named set of permissions inside a tenant; ``key`` names the built-in it was provisioned from."""

    key = fields.CharField(max_length=40)
    name = fields.CharField(max_length=100)
    permissions: list[str] = ArrayField("text")
    refund_limit_minor = fields.BigIntField(db_default=0)
    adjustment_limit_minor = fields.BigIntField(db_default=0)

    class Meta:
        table = "tenants_role"


class Membership(TenantRow):
    """Person × tenant × role. Comes only from an accepted invitation or the bank's act."""

    person_id: UUID = fields.UUIDField()
    role_id: UUID = fields.UUIDField()
    name = fields.CharField(max_length=100)
    email = fields.CharField(max_length=200)
    ended_at = fields.DatetimeField(null=True)

    class Meta:
        table = "tenants_membership"


class Invitation(TenantRow):
    """An offer of a role, opened by a secret link and, for a company login, by the tenant's own credit code."""

    token_hash: bytes = fields.BinaryField()
    role_id: UUID = fields.UUIDField()
    name = fields.CharField(max_length=100)
    email = fields.CharField(max_length=200)
    invited_by_name = fields.CharField(max_length=100)
    expires_at = fields.DatetimeField()
    accepted_at = fields.DatetimeField(null=True)
    accepted_by: UUID | None = fields.UUIDField(null=True)
    revoked_at = fields.DatetimeField(null=True)

    class Meta:
        table = "tenants_invitation"


class BankMembership(Row):
    """Person × bank (or one branch and below) × built-in bank role.

    A deputy's has ``since`` and ``until``, and names whom it ``stands_in_for``.
    """

    bank_id: UUID = fields.UUIDField()
    branch_id: UUID | None = fields.UUIDField(null=True)
    person_id: UUID = fields.UUIDField()
    role = fields.CharField(max_length=40)
    name = fields.CharField(max_length=100)
    email = fields.CharField(max_length=200)
    ended_at = fields.DatetimeField(null=True)
    since = fields.DatetimeField(null=True)
    until = fields.DatetimeField(null=True)
    stands_in_for = fields.CharField(max_length=100, db_default="")

    class Meta:
        table = "tenants_bank_membership"


class Account(TenantRow):
    """Who owes inside a tenant: a unit, a student, a patient, an agency.

    ``number`` is the institution's own natural key; ``attributes`` feed the fee rules (typed by the scenario).
    ``closed_on`` is the last day of an account that is closed.
    """

    scenario = fields.CharField(max_length=30)
    kind = fields.CharField(max_length=30)
    number = fields.CharField(max_length=60)
    name = fields.CharField(max_length=200)
    place = fields.CharField(max_length=100, db_default="")
    sort_key = fields.CharField(max_length=100, db_default="")
    attributes: dict[str, Any] = fields.JSONField()
    is_active = fields.BooleanField(db_default=True)
    closed_on: date | None = fields.DateField(null=True)
    updated_at = fields.DatetimeField(db_default=Now())

    class Meta:
        table = "tenants_account"


class Holder(TenantRow):
    """Person × account × relation, from–until. ``person_id`` is empty until the person has confirmed themselves.

    ``code_hash`` is the SHA-256 of the confirmation code printed on the bill. ``sees`` is empty for who holds the
    account themselves; somebody invited by one of those sees and does what is named in it (``accounts/guests.py``).
    """

    account_id: UUID = fields.UUIDField()
    person_id: UUID | None = fields.UUIDField(null=True)
    relation = fields.CharField(max_length=20)
    name = fields.CharField(max_length=100)
    email = fields.CharField(max_length=200, db_default="")
    phone = fields.CharField(max_length=40, db_default="")
    since: date | None = fields.DateField(null=True)
    until: date | None = fields.DateField(null=True)
    is_default_payer = fields.BooleanField(db_default=True)
    sees: list[str] | None = fields.JSONField(null=True)
    invited_by: UUID | None = fields.UUIDField(null=True)
    code_hash: bytes | None = fields.BinaryField(null=True)
    code_tries = fields.SmallIntField(db_default=0)
    confirmed_at = fields.DatetimeField(null=True)

    class Meta:
        table = "tenants_holder"

    def lasts(self, day: date) -> bool:
        """Return whether it has not ended before a day, as SQL's ``lasts`` says it; the last day belongs to it."""
        return self.until is None or self.until >= day
