"""What a bank gives its institutions: its logo on their pages, ways to pay, its fee and limits."""

from typing import Any

from orjson import loads
from tortoise import fields, migrations
from tortoise.fields.data import JSON_DUMPS
from tortoise.fields.db_defaults import Now
from tortoise.migrations import operations as ops

from deploy.walls import shared
from tenants.ids import new_id

LOGO = """
do $do$
declare was text := pg_get_functiondef('enter(bytea,text,text)'::regprocedure);
declare known text := 'b.accent bank_accent into tenant';
begin
  if strpos(was, known) = 0 then
    raise exception 'enter() is not as expected';
  end if;
  execute replace(was, known, 'b.accent bank_accent, b.logo_key bank_logo into tenant');
end $do$;
"""
"""Whoever comes into an institution learns its bank's logo in the same breath as its name and colour."""


BANK = "using (bank_id = (select scope_bank()))"
MY_BANK = "(select home_bank())"
TERMS = (
    shared(
        "billing_bank_terms",
        {"bank": BANK, "tenant": f"for select using (status = 'in_force' and bank_id = {MY_BANK})"},
        rights="select, insert, update",
    )
    + """
    create unique index billing_bank_terms_number_key on billing_bank_terms (bank_id, number);
    create unique index billing_bank_terms_force_key on billing_bank_terms (bank_id) where status = 'in_force';
    create unique index billing_bank_terms_asked_key on billing_bank_terms (bank_id) where status = 'asked';
    alter table billing_bank_terms add constraint billing_bank_terms_two_check
      check (decided_by is null or status = 'refused' or decided_by <> asked_by);
    """
)
"""One version of a bank is in force and one at most waits; nobody puts into force what they asked for themselves."""


def _table(name: str, table: str, description: str, **columns: fields.Field[Any]) -> ops.CreateModel:
    return ops.CreateModel(
        name=name,
        fields=[
            ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
            ("created_at", fields.DatetimeField(db_default=Now(), auto_now=False, auto_now_add=False)),
            *columns.items(),
        ],
        options={"table": table, "app": "cloud", "pk_attr": "id", "table_description": description},
        bases=["Row"],
    )


def _json(**given: Any) -> fields.Field[Any]:
    found: fields.Field[Any] = fields.JSONField(encoder=JSON_DUMPS, decoder=loads, **given)
    return found


TABLES = [
    _table(
        "BankTermsVersion",
        "billing_bank_terms",
        "One version of a bank's terms: asked for by one person, decided by another, in force until the next.",
        bank_id=fields.UUIDField(),
        number=fields.IntField(),
        status=fields.CharField(db_default="asked", max_length=20),
        document=_json(),
        reason=fields.TextField(unique=False),
        asked_by=fields.UUIDField(),
        asked_by_name=fields.CharField(max_length=100),
        decided_by=fields.UUIDField(null=True),
        decided_by_name=fields.CharField(db_default="", max_length=100),
        decided_at=fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
        decision_reason=fields.TextField(db_default="", unique=False),
        ended_at=fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
    ),
]


LISTED = """
create index tenants_tenant_newest_idx on tenants_tenant (bank_id, live_at desc nulls last, id);
create index tenants_tenant_oldest_idx on tenants_tenant (bank_id, live_at nulls last, id);
"""
"""The list of institutions in either order of when they went live, page by page; by name there is one already."""


class Migration(migrations.Migration):
    dependencies = [("cloud", "0030_neighbourhood")]

    operations = [ops.RunSQL(LOGO), *TABLES, ops.RunSQL(TERMS), ops.RunSQL(LISTED)]
