"""One row of every tenant table, made from the models themselves, so that a new table is covered by being born.

What the database asks for beyond types stands in ``CHOSEN``, and for tables of an industry in its own folder.
"""

import itertools
from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from tortoise import Tortoise, fields
from tortoise.contrib.postgres.fields import ArrayField
from tortoise.models import Model

from scenarios import registry
from tenants.ids import new_id
from tenants.models.base import TenantRow
from tenants.scope import open_scope, rows, tenant_scope

_serial = itertools.count(1)
CHOSEN: dict[str, dict[str, Any]] = {
    "billing_bill": {"status": "issued", "paid_minor": 0, "total_minor": 100},
    "billing_bill_line": {"paid_minor": 0},
    "billing_payment": {
        "refunded_minor": 0,
        "refunding_minor": 0,
        "channel": "counter",
        "status": "succeeded",
    },
    "billing_fee_rule": {"status": "active"},
    "billing_suspense": {"status": "open"},
    "billing_standing_adjustment": {
        "kind": "discount",
        "status": "approved",
        "amount_minor": 1,
    },
    "billing_rehearsal": {"status": "done"},
    "billing_rehearsal_line": {"difference_minor": 0},
    "billing_adjustment": {"kind": "discount", "status": "requested"},
    "billing_seal": {"root": bytes(32), "previous": bytes(32), "hash": bytes(32)},
    "billing_sealed_entry": {"leaf": bytes(32)},
    "billing_period": {"month": date(2026, 1, 1), "ends_at": datetime(2100, 1, 1, tzinfo=UTC)},
    "billing_dispute": {"status": "opened", "decision": ""},
    "billing_credit": {"refunded_minor": 0, "refunding_minor": 0, "left_minor": 50},
    "billing_mandate": {"schedule": "bill", "day_of_month": 1, "status": "active"},
    "billing_debit": {"status": "announced", "plan_id": None, "position": None},
    "billing_saved_card": {"last4": "4242", "exp_month": 5, "exp_year": 2031},
    "billing_answer": {"kind": "dispute", "status": "opened", "amount_minor": 1},
    "billing_bill_run": {"status": "issued", "period": date(2026, 1, 1)},
    "billing_instalment_plan": {"remainder": "last"},
    "billing_receiver": {"kind": "merchant"},
    "billing_share_return": {"cause": "refund"},
    "integrations_token": {"kind": "refresh"},
    "integrations_installation": {"status": "active", "uninstalled_at": None, "min_level": 1},
    "integrations_launch": {"outcome": "started"},
    "integrations_app_message": {"status": "waiting"},
    "integrations_placed_item": {"kind": "link"},
    "integrations_scim_link": {"kind": "User"},
    "billing_hold": {"status": "held", "ended_at": None},
    "billing_wallet": {"status": "open", "balance_minor": 0, "floor_minor": 0},
    "billing_wallet_top_up": {"status": "asked"},
    "billing_credit_note": {"amount_minor": 100, "adjusted_minor": 100, "excess_minor": 0},
    "billing_complaint": {"by": "payer", "kind": "charge", "refund_minor": 1},
}


NAMED = {
    "billing_bill": {"account_id": "tenants_account"},
    "billing_bill_line": {
        "account_id": "tenants_account",
        "fee_item_id": "billing_fee_item",
        "fee_rule_id": "billing_fee_rule",
    },
}
"""Parents that a trigger on the statement asks for, since they never go."""

UNBALANCED = {"billing_posting"}
"""One posting alone never balances; its entry stands for it."""


def table_of(model: type[Model]) -> str:
    """Return the name of a model's table."""
    return str(model._meta.db_table)  # noqa: SLF001 - what Tortoise knows of a model


def tenant_models() -> list[type[Model]]:
    """Return the models whose rows belong to an institution and can stand alone."""
    ours = [m for m in Tortoise.apps["cloud"].values() if issubclass(m, TenantRow)]
    return [m for m in ours if table_of(m) not in UNBALANCED]


async def one_of_each(tenant_id: UUID) -> dict[str, UUID]:
    """Insert one row into every tenant table of this tenant, parents first; return table → id.

    All have the same id, so that one request which offers it offers a row of whatever table is asked.
    """
    references = await _references()
    made: dict[str, UUID] = {}
    row_id = new_id()
    waiting = {table_of(m): m for m in tenant_models()}
    async with open_scope(tenant_scope(tenant_id)):
        while waiting:
            ready = [t for t in waiting if all(r in made or r == t for r in references.get(t, {}).values())]
            if not ready:
                raise RuntimeError(f"these tables wait for each other: {sorted(waiting)}")
            for table in ready:
                made[table] = await _insert(
                    waiting.pop(table), (tenant_id, row_id), references.get(table, {}), made
                )
    return made


async def _references() -> dict[str, dict[str, str]]:
    found = await rows_of_catalogue()
    references: dict[str, dict[str, str]] = {table: dict(named) for table, named in NAMED.items()}
    for row in found:
        references.setdefault(row["child"], {})[row["col"]] = row["parent"]
    return references


async def rows_of_catalogue() -> list[Any]:
    """Return the foreign keys between tables of institutions."""
    async with open_scope(tenant_scope(new_id())):
        return await rows(
            "select conrelid::regclass::text child, confrelid::regclass::text parent, a.attname col"
            " from pg_constraint c join pg_attribute a on a.attrelid = c.conrelid and a.attnum = c.conkey[2]"
            " where contype = 'f' and array_length(conkey, 1) = 2"
        )


async def _insert(
    model: type[Model], key: tuple[UUID, UUID], parents: dict[str, str], made: dict[str, UUID]
) -> UUID:
    table = table_of(model)
    chosen = _chosen(table)
    values: dict[str, Any] = {"tenant_id": key[0], "id": key[1]}
    for name, field in model._meta.fields_map.items():  # noqa: SLF001 - what Tortoise knows of a table
        column = field.source_field or name
        if name in {"id", "tenant_id", "created_at"} or not field.has_db_field:
            continue
        if name in chosen:
            values[name] = chosen[name]
        elif column in parents:
            values[name] = None if field.null and parents[column] not in made else made[parents[column]]
        elif not field.null and not field.has_db_default():
            values[name] = _value(field)
    if "refund_id" in values and table == "billing_allocation":
        values["refund_id"] = values["dispute_id"] = None
    row_id: UUID = (await model.create(**values)).pk
    return row_id


def _chosen(table: str) -> Mapping[str, Any]:
    known = (scenario.example_rows for scenario in registry.load())
    return next((found[table] for found in known if table in found), CHOSEN.get(table, {}))


def _value(field: Any) -> Any:
    if isinstance(field, ArrayField):
        return []
    samples: list[tuple[type, Any]] = [
        (fields.UUIDField, new_id()),
        (fields.BooleanField, True),
        (fields.DatetimeField, datetime.now(UTC)),
        (fields.DateField, date(2026, 1, 1)),
        (fields.JSONField, {"en": "x", "zh_CN": "x"}),
        (fields.BinaryField, new_id().bytes),
        (fields.CharField, f"x{next(_serial)}"[: getattr(field, "max_length", 20)]),
        (fields.TextField, "x"),
        (fields.DecimalField, Decimal(1)),
        (fields.BigIntField, 100),
        (fields.IntField, 1),
        (fields.SmallIntField, 1),
    ]
    return next(sample for kind, sample in samples if isinstance(field, kind))
