"""Tables and columns as migrations write them, in the shape that the models' own have."""

from typing import Any

from orjson import loads
from tortoise import fields
from tortoise.fields.data import JSON_DUMPS
from tortoise.fields.db_defaults import Now
from tortoise.migrations import operations as ops
from tortoise.migrations.schema_generator.state import State

from tenants.ids import new_id

Column = fields.Field[Any]


def row(model: str, table: str, description: str, /, base: str = "Row", **columns: Column) -> ops.CreateModel:
    """Return the making of a table above tenants: ``id``, ``created_at``, and what is named."""
    own: list[tuple[str, Column]] = [
        ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
        ("created_at", fields.DatetimeField(db_default=Now(), auto_now=False, auto_now_add=False)),
    ]
    return ops.CreateModel(
        name=model,
        fields=[*own, *columns.items()],
        options={"table": table, "app": "cloud", "pk_attr": "id", "table_description": description},
        bases=[base],
    )


def tenant_row(model: str, table: str, description: str, /, **columns: Column) -> ops.CreateModel:
    """Return the making of a tenant's table: the same, with whose it is."""
    return row(model, table, description, base="TenantRow", tenant_id=fields.UUIDField(), **columns)


def document(**given: Any) -> Column:
    """Return a column of JSON."""
    found: Column = fields.JSONField(encoder=JSON_DUMPS, decoder=loads, **given)
    return found


def moment() -> Column:
    """Return a column of a time that may not have come yet."""
    found: Column = fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)
    return found


def words(size: int) -> Column:
    """Return a column of so many letters at most, empty until something is said."""
    found: Column = fields.CharField(db_default="", max_length=size)
    return found


class Rewritten(ops.RunSQL):
    """A column that SQL turns into another of its table: the models' history is told, without a copy of it."""

    def __init__(self, model: str, old: str, new: str, column: Column, sql: str) -> None:
        super().__init__(sql)
        self.told = (
            ops.RemoveField(model_name=model, name=old),
            ops.AddField(model_name=model, name=new, field=column),
        )

    def state_forward(self, app_label: str, state: State) -> None:
        """Let the model have the new column in place of the old."""
        for step in self.told:
            step.state_forward(app_label, state)


class Renamed(ops.RunSQL):
    """A table under a truer name: the models' history is told, without a copy of it."""

    def __init__(self, old: str, old_table: str, new: str, table: str) -> None:
        super().__init__(f"alter table {old_table} rename to {table};")
        self.told, self.table = ops.RenameModel(old, new), table

    def state_forward(self, app_label: str, state: State) -> None:
        """Let the model have the new name and the new table in place of the old ones."""
        named = state.models[app_label, self.told.old_name]
        named.table = named.options["table"] = self.table
        self.told.state_forward(app_label, state)
