"""How bills are paid without being asked each time: mandates and their debits, proxies, transfers."""

from datetime import date
from uuid import UUID

from tortoise import fields

from tenants.models.base import TenantRow


class Mandate(TenantRow):
    """A payer's leave to take what an account owes, from a bank account or a saved card, up to a ceiling per debit.

    ``schedule`` is ``bill`` (each new bill, on its due day) or ``day`` (all that is open, on ``day_of_month``).
    ``reference`` is the channel's name of the mandate (a customer, for cards), ``instrument`` what is debited.
    """

    account_id: UUID = fields.UUIDField()
    person_id: UUID = fields.UUIDField()
    person_name = fields.CharField(max_length=100)
    email = fields.CharField(max_length=200, db_default="")
    settlement_account_id: UUID = fields.UUIDField()
    channel = fields.CharField(max_length=20)
    currency = fields.CharField(max_length=3)
    ceiling_minor = fields.BigIntField()
    schedule = fields.CharField(max_length=10)
    day_of_month = fields.SmallIntField(db_default=1)
    status = fields.CharField(max_length=12, db_default="created")
    reference = fields.CharField(max_length=255, db_default="")
    instrument = fields.CharField(max_length=255, db_default="")
    mask = fields.CharField(max_length=40, db_default="")
    authorise_url = fields.TextField(db_default="")
    return_url = fields.TextField(db_default="")
    word = fields.CharField(max_length=40, db_default="")
    ended_by_name = fields.CharField(max_length=100, db_default="")
    activated_at = fields.DatetimeField(null=True)
    ended_at = fields.DatetimeField(null=True)

    class Meta:
        table = "billing_mandate"


class SavedCard(TenantRow):
    """A card that a payer let an institution keep: Stripe's ids of it, and what is on its front to know it by.

    ``customer`` and ``method`` live on the settlement account's connected account. ``told_for`` is the last expiry
    (``2027-03``) of which the payer was warned; ``detached_at`` is set when no mandate needs the card any more, or its
    payer takes it away. ``fingerprint`` is Stripe's name of the card itself; ``payment_id`` is the payment in which it
    was last saved.
    """

    person_id: UUID = fields.UUIDField()
    settlement_account_id: UUID = fields.UUIDField()
    customer = fields.CharField(max_length=255)
    method = fields.CharField(max_length=255)
    brand = fields.CharField(max_length=30)
    last4 = fields.CharField(max_length=4)
    exp_month = fields.SmallIntField()
    exp_year = fields.SmallIntField()
    told_for = fields.CharField(max_length=7, db_default="")
    detached_at = fields.DatetimeField(null=True)
    fingerprint = fields.CharField(max_length=64, db_default="")
    payment_id: UUID | None = fields.UUIDField(null=True)

    class Meta:
        table = "billing_saved_card"


class Debit(TenantRow):
    """One bill that a mandate is going to pay: told of before, taken on ``due_on``, tried again by the plan.

    Of bills that are spread it is one instalment: ``plan_id`` and ``position`` stand for ``bill_id`` then.
    """

    mandate_id: UUID = fields.UUIDField()
    account_id: UUID = fields.UUIDField()
    bill_id: UUID | None = fields.UUIDField(null=True)
    plan_id: UUID | None = fields.UUIDField(null=True)
    position: int | None = fields.SmallIntField(null=True)
    currency = fields.CharField(max_length=3)
    amount_minor = fields.BigIntField()
    due_on: date = fields.DateField()
    status = fields.CharField(max_length=12, db_default="announced")
    tries = fields.SmallIntField(db_default=0)
    payment_id: UUID | None = fields.UUIDField(null=True)
    error = fields.CharField(max_length=200, db_default="")
    ended_at = fields.DatetimeField(null=True)

    class Meta:
        table = "billing_debit"


class Proxy(TenantRow):
    """Somebody whom a holder lets pay for an account: so much for a bill and in a month, until a day.

    ``code_hash`` is SHA-256 of the code by which they accept; they then see the account's bills and nothing else.
    """

    account_id: UUID = fields.UUIDField()
    granted_by: UUID = fields.UUIDField()
    granted_by_name = fields.CharField(max_length=100)
    name = fields.CharField(max_length=100)
    code_hash: bytes | None = fields.BinaryField(null=True)
    person_id: UUID | None = fields.UUIDField(null=True)
    currency = fields.CharField(max_length=3)
    bill_cap_minor = fields.BigIntField()
    month_cap_minor = fields.BigIntField()
    until: date = fields.DateField()
    accepted_at = fields.DatetimeField(null=True)
    ended_at = fields.DatetimeField(null=True)
    ended_by_name = fields.CharField(max_length=100, db_default="")

    class Meta:
        table = "billing_proxy"


class VirtualAccount(TenantRow):
    """A bank account number of an account's own, opened at the rail: what arrives there is for that account."""

    account_id: UUID = fields.UUIDField()
    settlement_account_id: UUID = fields.UUIDField()
    number = fields.CharField(max_length=60)

    class Meta:
        table = "billing_virtual_account"


class Transfer(TenantRow):
    """A transfer that the rail told us of; (settlement account, number) is unique, so that it is taken once.

    ``account_id`` is empty where its reference named nobody: its money is then unassigned.
    """

    settlement_account_id: UUID = fields.UUIDField()
    number = fields.CharField(max_length=64)
    reference = fields.CharField(max_length=140)
    payer_name = fields.CharField(max_length=100)
    amount_minor = fields.BigIntField()
    currency = fields.CharField(max_length=3)
    account_id: UUID | None = fields.UUIDField(null=True)
    payment_id: UUID | None = fields.UUIDField(null=True)

    class Meta:
        table = "billing_transfer"
