"""Walls of sealed batches and accounting periods: what is sealed stays, what is closed takes nothing more."""

from tortoise import migrations
from tortoise.migrations import operations as ops

from deploy.walls import Wall, append_only, build, policy, shared

TABLES = [
    Wall(
        "billing_seal",
        uniques=["number", "hash"],
        checks={
            "count": "entry_count > 0 and number > 0",
            "hashes": "octet_length(root) = 32 and octet_length(previous) = 32 and octet_length(hash) = 32",
        },
        is_append_only=True,
    ),
    Wall(
        "billing_sealed_entry",
        refs={"seal_id": "billing_seal"},
        uniques=["seal_id, position"],
        checks={"leaf": "octet_length(leaf) = 32 and position >= 0"},
        is_append_only=True,
    ),
    Wall(
        "billing_period",
        uniques=["month"],
        indexes=["ends_at where is_locked"],
        checks={
            "month": "extract(day from month) = 1 and ends_at > starts_at",
            "status": "status in ('closing', 'closed', 'reopening', 'open')"
            " and is_locked = (status in ('closed', 'reopening'))",
            "over": "not is_locked or closed_at >= ends_at + interval '1 hour'",
            "two": "not is_locked or decided_by is not null",
        },
    ),
]

BANK_CHAIN = [
    shared(
        "billing_bank_seal",
        {
            "anyone": "for select using (true)",
            "adding": "for insert with check (bank_id = (select home_bank()))",
        },
        rights="select, insert",
    ),
    append_only("billing_bank_seal"),
    """
    alter table billing_bank_seal add constraint billing_bank_seal_number_key unique (bank_id, number);
    create unique index billing_bank_seal_hash_key on billing_bank_seal (seal_hash);
    create index billing_bank_seal_root_idx on billing_bank_seal (bank_id, hash);
    """,
]

READERS = """
create policy sealing on billing_entry for select using ((select scope_is('queue')));
create policy sealing on billing_sealed_entry for select using ((select scope_is('queue')));
create index billing_entry_created_at_brin on billing_entry using brin (created_at) with (pages_per_range = 32);
"""
OF_BANK = """for select using ((select scope_is('bank')) and exists (
  select 1 from tenants_tenant x where x.id = t.tenant_id and x.bank_id = (select scope_bank())))"""
"""The sealer looks for new entries across tenants; a block range index costs a posting next to nothing."""

CLOSED = """
create function refuse_closed_period() returns trigger language plpgsql as $$
declare locked timestamptz;
begin
  perform pg_advisory_xact_lock_shared(hashtextextended('period ' || new.tenant_id::text, 0));
  select max(ends_at) into locked from billing_period where tenant_id = new.tenant_id and is_locked;
  if new.occurred_at < locked then
    raise exception 'the books are closed until %: an entry of % is refused', locked, new.occurred_at
      using errcode = 'check_violation', constraint = 'billing_entry_open_period';
  end if;
  return new;
end $$;
create trigger billing_entry_open_period before insert on billing_entry for each row
  when (new.occurred_at < clock_timestamp() - interval '1 hour') execute function refuse_closed_period();
"""
"""A month is closed an hour after its end at the earliest, so that an entry of the last hour needs no look at all."""


class Migration(migrations.Migration):
    dependencies = [("cloud", "0007_disputes")]
    operations = [
        *(ops.RunSQL(build(wall)) for wall in TABLES),
        *(ops.RunSQL(sql) for sql in BANK_CHAIN),
        ops.RunSQL(READERS),
        ops.RunSQL(policy("billing_seal", "of_bank", OF_BANK)),
        ops.RunSQL(CLOSED),
    ]
