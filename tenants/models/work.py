"""What runs in the background and what it leaves behind: outbox, tasks, notices, imports, idempotency."""

from typing import Any
from uuid import UUID

from tortoise import fields

from tenants.models.base import TenantRow


class Outbox(TenantRow):
    """A job that must happen because the transaction that wrote this row committed.

    The queue only carries its id; a lost queue loses nothing. ``failed_at`` is set after the last try, and the
    row then waits in the operations list until somebody runs it again.
    """

    job = fields.CharField(max_length=80)
    payload: dict[str, Any] = fields.JSONField()
    due_at = fields.DatetimeField()
    tries = fields.SmallIntField(db_default=0)
    error = fields.TextField(db_default="")
    request_id = fields.CharField(max_length=64, db_default="")
    done_at = fields.DatetimeField(null=True)
    failed_at = fields.DatetimeField(null=True)

    class Meta:
        table = "tenants_outbox"


class Task(TenantRow):
    """Long work somebody waits for: its progress, result and end, on a page that can be left and found again."""

    kind = fields.CharField(max_length=40)
    subject_id: UUID | None = fields.UUIDField(null=True)
    state = fields.CharField(max_length=20, db_default="waiting")
    done = fields.IntField(db_default=0)
    total = fields.IntField(db_default=0)
    error = fields.TextField(db_default="")
    result: dict[str, Any] | None = fields.JSONField(null=True)
    started_by: UUID | None = fields.UUIDField(null=True)
    started_by_name = fields.CharField(max_length=100, db_default="")
    finished_at = fields.DatetimeField(null=True)

    class Meta:
        table = "tenants_task"


class Notice(TenantRow):
    """A message to one person: in the product, by e-mail or by text. ``template`` names what it is about."""

    channel = fields.CharField(max_length=10)
    template = fields.CharField(max_length=60)
    recipient = fields.CharField(max_length=200)
    person_id: UUID | None = fields.UUIDField(null=True)
    account_id: UUID | None = fields.UUIDField(null=True)
    subject = fields.CharField(max_length=200)
    body = fields.TextField()
    status = fields.CharField(max_length=20, db_default="waiting")
    error = fields.TextField(db_default="")
    sent_at = fields.DatetimeField(null=True)

    class Meta:
        table = "tenants_notice"


class Import(TenantRow):
    """One uploaded table on its way in: mapped, tried dry, then applied; the same file twice changes nothing."""

    kind = fields.CharField(max_length=40)
    filename = fields.CharField(max_length=200)
    storage_key = fields.CharField(max_length=200)
    sha256 = fields.CharField(max_length=64)
    state = fields.CharField(max_length=20, db_default="uploaded")
    mapping: dict[str, Any] = fields.JSONField()
    counts: dict[str, int] = fields.JSONField()
    task_id: UUID | None = fields.UUIDField(null=True)
    created_by: UUID | None = fields.UUIDField(null=True)
    created_by_name = fields.CharField(max_length=100, db_default="")
    applied_at = fields.DatetimeField(null=True)

    class Meta:
        table = "tenants_import"


class ImportRow(TenantRow):
    """One row of an import: what was read, what it means, and every problem with column, value and reason."""

    import_id: UUID = fields.UUIDField()
    number = fields.IntField()
    cells: list[str] = fields.JSONField()
    values: dict[str, Any] | None = fields.JSONField(null=True)
    problems: list[dict[str, Any]] = fields.JSONField()
    action = fields.CharField(max_length=10)

    class Meta:
        table = "tenants_import_row"


class Idempotency(TenantRow):
    """The stored answer to a money request: same key and body → same answer; other body → conflict."""

    key = fields.CharField(max_length=80)
    act = fields.CharField(max_length=40)
    body_hash: bytes = fields.BinaryField()
    answer: dict[str, Any] | None = fields.JSONField(null=True)

    class Meta:
        table = "tenants_idempotency"
