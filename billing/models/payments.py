"""The will to pay, the tries, and what became of the money."""

from datetime import date
from typing import Any
from uuid import UUID

from tortoise import fields
from tortoise.fields.db_defaults import Now

from tenants.models.base import Row, TenantRow


class Payment(TenantRow):
    """The will to pay an amount for bills of one tenant, by a person, through a pay-link, or at the counter.

    ``account_id`` names the account to whose credit goes what no bill takes: set for money paid ahead and for
    transfers; without it such money is unassigned.

    ``method`` is the way to pay that was chosen where its channel has several. ``link_bill_id`` is the bill whose
    pay-link was used; its bearer sees this payment and no other. ``checkout_id`` is what it has in common with
    payments to other institutions that its person makes in one go. ``device_mark`` tells one institution that two
    payments came from the same browser, and nothing else (``billing.payments.devices``).
    """

    number = fields.CharField(max_length=40)
    currency = fields.CharField(max_length=3)
    amount_minor = fields.BigIntField()
    refunded_minor = fields.BigIntField(db_default=0)
    refunding_minor = fields.BigIntField(db_default=0)
    status = fields.CharField(max_length=20, db_default="created")
    channel = fields.CharField(max_length=20)
    method = fields.CharField(max_length=40, db_default="")
    settlement_account_id: UUID = fields.UUIDField()
    person_id: UUID | None = fields.UUIDField(null=True)
    link_bill_id: UUID | None = fields.UUIDField(null=True)
    checkout_id: UUID | None = fields.UUIDField(null=True)
    account_id: UUID | None = fields.UUIDField(null=True)
    payer_name = fields.CharField(max_length=100, db_default="")
    payer_email = fields.CharField(max_length=200, db_default="")
    taken_by: UUID | None = fields.UUIDField(null=True)
    taken_by_name = fields.CharField(max_length=100, db_default="")
    counter_method = fields.CharField(max_length=20, db_default="")
    counter_reference = fields.CharField(max_length=100, db_default="")
    tendered_minor: int | None = fields.BigIntField(null=True)
    day_close_id: UUID | None = fields.UUIDField(null=True)
    succeeded_at = fields.DatetimeField(null=True)
    expires_at = fields.DatetimeField(null=True)
    device_mark: bytes | None = fields.BinaryField(null=True)

    class Meta:
        table = "billing_payment"


class PaymentPart(TenantRow):
    """How much of a payment is meant for which bill. ``is_live`` holds that bill's remainder for one attempt."""

    payment_id: UUID = fields.UUIDField()
    bill_id: UUID = fields.UUIDField()
    amount_minor = fields.BigIntField()
    is_live = fields.BooleanField(db_default=True)

    class Meta:
        table = "billing_payment_part"


class Attempt(TenantRow):
    """One try on one channel. Its id is the reference the channel keeps and the idempotency key we send.

    ``request`` freezes what the channel is asked for, so that asking again says exactly the same; ``sent_at`` is
    when it was last sent, ``asked_at`` when the channel was last asked what became of it.
    """

    payment_id: UUID = fields.UUIDField()
    channel = fields.CharField(max_length=20)
    currency = fields.CharField(max_length=3)
    amount_minor = fields.BigIntField()
    status = fields.CharField(max_length=20, db_default="created")
    channel_reference = fields.CharField(max_length=255, db_default="")
    channel_payment = fields.CharField(max_length=255, db_default="")
    redirect_url = fields.TextField(db_default="")
    qr_content = fields.TextField(db_default="")
    error = fields.TextField(db_default="")
    request: dict[str, Any] = fields.JSONField()
    sent_at = fields.DatetimeField(null=True)
    asked_at = fields.DatetimeField(null=True)
    expires_at = fields.DatetimeField()
    ended_at = fields.DatetimeField(null=True)

    class Meta:
        table = "billing_attempt"


class Allocation(TenantRow):
    """Part of a payment that pays a bill line; negative when a refund or a lost dispute takes it back, or as credit.

    ``credit_id`` is the credit that it came from (positive) or went to (negative).
    """

    payment_id: UUID = fields.UUIDField()
    bill_id: UUID = fields.UUIDField()
    bill_line_id: UUID = fields.UUIDField()
    refund_id: UUID | None = fields.UUIDField(null=True)
    credit_id: UUID | None = fields.UUIDField(null=True)
    dispute_id: UUID | None = fields.UUIDField(null=True)
    amount_minor = fields.BigIntField()

    class Meta:
        table = "billing_allocation"


class Suspense(TenantRow):
    """Money that arrived and has no bill to go to: a second success, a late one, an unknown reference.

    It is worked: refunded in one click, or put to another bill, always by a named person with a reason.
    """

    payment_id: UUID = fields.UUIDField()
    currency = fields.CharField(max_length=3)
    amount_minor = fields.BigIntField()
    reason = fields.CharField(max_length=40)
    status = fields.CharField(max_length=20, db_default="open")
    owner_id: UUID | None = fields.UUIDField(null=True)
    owner_name = fields.CharField(max_length=100, db_default="")
    refund_id: UUID | None = fields.UUIDField(null=True)
    resolution = fields.TextField(db_default="")
    resolved_at = fields.DatetimeField(null=True)

    class Meta:
        table = "billing_suspense"


class Refund(TenantRow):
    """Money back, always of one payment. Asked by one person, approved by another above the asker's limit.

    ``way`` is ``channel``, back whence it came, or ``transfer`` from the institution's own account under
    ``transfer_reference``. A failed one waits until its ``resolution``: ``retried``, ``transfer`` or ``set_aside``.
    ``paid_by`` is who handed cash over at the counter, and ``day_close_id`` that person's end of day. ``bill_id`` is
    the one bill that gives the money back; without it, the one that was paid last gives first. ``fee_item_id`` is the
    fee of it that gives first, where what is given back is one of several things that were paid together.
    """

    payment_id: UUID = fields.UUIDField()
    bill_id: UUID | None = fields.UUIDField(null=True)
    fee_item_id: UUID | None = fields.UUIDField(null=True)
    number = fields.CharField(max_length=40)
    currency = fields.CharField(max_length=3)
    amount_minor = fields.BigIntField()
    suspense_id: UUID | None = fields.UUIDField(null=True)
    credit_id: UUID | None = fields.UUIDField(null=True)
    reason = fields.TextField()
    status = fields.CharField(max_length=20, db_default="requested")
    channel_reference = fields.CharField(max_length=255, db_default="")
    error = fields.TextField(db_default="")
    requested_by: UUID | None = fields.UUIDField(null=True)
    requested_by_name = fields.CharField(max_length=100, db_default="")
    decided_by: UUID | None = fields.UUIDField(null=True)
    decided_by_name = fields.CharField(max_length=100, db_default="")
    decision_reason = fields.TextField(db_default="")
    decided_at = fields.DatetimeField(null=True)
    sent_at = fields.DatetimeField(null=True)
    way = fields.CharField(max_length=20, db_default="channel")
    transfer_reference = fields.CharField(max_length=100, db_default="")
    resolution = fields.CharField(max_length=20, db_default="")
    resolved_by_name = fields.CharField(max_length=100, db_default="")
    resolved_at = fields.DatetimeField(null=True)
    paid_by: UUID | None = fields.UUIDField(null=True)
    paid_by_name = fields.CharField(max_length=100, db_default="")
    day_close_id: UUID | None = fields.UUIDField(null=True)
    succeeded_at = fields.DatetimeField(null=True)

    class Meta:
        table = "billing_refund"


class Receipt(TenantRow):
    """Proof of a payment as it was: the document is kept, so that a receipt never changes with later names."""

    payment_id: UUID = fields.UUIDField()
    person_id: UUID | None = fields.UUIDField(null=True)
    link_bill_id: UUID | None = fields.UUIDField(null=True)
    number = fields.CharField(max_length=40)
    verification_hash: bytes = fields.BinaryField()
    document: dict[str, Any] = fields.JSONField()

    class Meta:
        table = "billing_receipt"


class DayClose(TenantRow):
    """A cashier's end of day: what the desk should hold by method, what was counted, and why they differ."""

    day: date = fields.DateField()
    cashier_id: UUID = fields.UUIDField()
    cashier_name = fields.CharField(max_length=100)
    currency = fields.CharField(max_length=3)
    expected: dict[str, int] = fields.JSONField()
    counted: dict[str, int] = fields.JSONField()
    difference_minor = fields.BigIntField()
    payment_count = fields.IntField()
    note = fields.TextField(db_default="")

    class Meta:
        table = "billing_day_close"


class Entry(TenantRow):
    """One balanced journal entry; append-only. (kind, source_id) is unique: the same cause books once."""

    kind = fields.CharField(max_length=40)
    source_id: UUID = fields.UUIDField()
    occurred_at = fields.DatetimeField(db_default=Now())

    class Meta:
        table = "billing_entry"


class Posting(TenantRow):
    """One side of an entry: debit positive, credit negative. ``ledger`` names the ledger account."""

    entry_id: UUID = fields.UUIDField()
    ledger = fields.CharField(max_length=60)
    account_id: UUID | None = fields.UUIDField(null=True)
    bill_id: UUID | None = fields.UUIDField(null=True)
    currency = fields.CharField(max_length=3)
    amount_minor = fields.BigIntField()

    class Meta:
        table = "billing_posting"


class InboxEvent(Row):
    """A signed message from a channel, stored before anything is done with it; (source, event_id) is unique.

    It names its tenant in metadata we wrote ourselves, found only when it is handled. ``parked_at`` is set when
    its payment could not be found after the last try: it then waits in the tenant's operations list.
    """

    source = fields.CharField(max_length=20)
    event_id = fields.CharField(max_length=255)
    kind = fields.CharField(max_length=100)
    payload: dict[str, Any] = fields.JSONField()
    tenant_id: UUID | None = fields.UUIDField(null=True)
    tries = fields.SmallIntField(db_default=0)
    error = fields.TextField(db_default="")
    due_at = fields.DatetimeField(db_default=Now())
    handled_at = fields.DatetimeField(null=True)
    discarded_at = fields.DatetimeField(null=True)
    parked_at = fields.DatetimeField(null=True)

    class Meta:
        table = "billing_inbox_event"
