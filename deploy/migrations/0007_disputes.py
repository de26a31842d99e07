"""Walls of disputes, channel routes, and shared proceeds."""

from tortoise import migrations
from tortoise.migrations import operations as ops

from deploy.walls import Wall, build, shared

DISPUTES: list[Wall] = [
    Wall(
        "billing_dispute",
        refs={"payment_id": "billing_payment", "attempt_id": "billing_attempt"},
        uniques=["number", "channel, reference"],
        indexes=["payment_id", "status, evidence_due_at"],
        checks={
            "amount": "amount_minor > 0 and fee_minor >= 0 and fee_returned_minor between 0 and fee_minor",
            "status": "status in ('opened', 'evidence_due', 'submitted', 'dropped', 'won', 'lost', 'accepted')",
            "parts": "least(suspense_minor, reopened_minor, borne_minor) >= 0"
            " and suspense_minor + reopened_minor + borne_minor <= amount_minor",
            "decision": "decision in ('', 'asked', 'owed', 'borne')",
        },
    ),
    Wall("billing_dispute_file", refs={"dispute_id": "billing_dispute"}, indexes=["dispute_id"]),
    Wall("billing_work_owner", uniques=["kind, item_id"], indexes=["owner_id"]),
]

LOST = """
alter table billing_allocation add constraint billing_allocation_dispute_id_fkey
  foreign key (tenant_id, dispute_id) references billing_dispute (tenant_id, id);
create index billing_allocation_dispute_idx on billing_allocation (tenant_id, dispute_id)
  where dispute_id is not null;
"""
"""An allocation that a lost dispute took back names it."""
FINDING = """
create policy finding on billing_settlement_account for select to cloud_owner using ((select scope_is('queue')));
create index billing_settlement_account_stripe_idx on billing_settlement_account (stripe_account)
  where stripe_account <> '';
create function tenant_of_stripe(account text) returns uuid language sql stable security definer
  set search_path = public, pg_temp as
  $$ select min(tenant_id::text)::uuid from billing_settlement_account
      where stripe_account = account and account <> '' having count(distinct tenant_id) = 1 $$;
revoke all on function tenant_of_stripe(text) from public;
grant execute on function tenant_of_stripe(text) to cloud_app;
"""
"""Whose a connected account is, for messages that carry no ids of ours; the queue's scope alone finds one."""

CHECKOUT = (
    shared(
        "billing_checkout",
        {"own": "using (person_id = (select scope_person()))"},
        rights="select, insert, update",
    )
    + "create unique index billing_checkout_key on billing_checkout (person_id, key);"
)
"""A person's own, above tenants: each of its payments is inside one."""
SPLITS: list[Wall] = [
    Wall(
        "billing_receiver",
        uniques=["rail_merchant", "name"],
        checks={"kind": "kind in ('merchant', 'partner')", "status": "status in ('active', 'closed')"},
    ),
    Wall(
        "billing_split_rule",
        refs={"fee_item_id": "billing_fee_item"},
        uniques=["fee_item_id, version", "fee_item_id where status = 'draft'"],
        indexes=["status, created_at"],
        checks={"status": "status in ('draft', 'active', 'refused')"},
    ),
    Wall(
        "billing_share",
        refs={
            "payment_id": "billing_payment",
            "receiver_id": "billing_receiver",
            "rule_id": "billing_split_rule",
        },
        uniques=[
            "payment_id, receiver_id, rule_id where return_id is null",
            "return_id where return_id is not null",
        ],
        indexes=["payment_id", "receiver_id, created_at", "status, created_at"],
        checks={
            "amount": "amount_minor > 0",
            "status": "status in ('created', 'sent', 'paid', 'failed', 'kept')",
        },
    ),
    Wall(
        "billing_share_return",
        refs={"share_id": "billing_share", "payment_id": "billing_payment"},
        uniques=["cause_id, share_id"],
        indexes=["payment_id", "share_id", "status, created_at"],
        checks={
            "amount": "amount_minor > 0",
            "status": "status in ('created', 'sent', 'returned', 'failed', 'borne', 'undone')",
        },
    ),
]
FIXED_SPLITS = """
create function refuse_split_change() returns trigger language plpgsql as $$
begin
  if old.status <> 'draft' and (tg_op = 'DELETE' or (new.document::text, new.effective_from, new.version)
      is distinct from (old.document::text, old.effective_from, old.version)) then
    raise exception 'a split rule that was in force never changes' using errcode = 'restrict_violation';
  end if;
  return case when tg_op = 'DELETE' then old else new end;
end $$;
create trigger billing_split_rule_fixed before update or delete on billing_split_rule
  for each row execute function refuse_split_change();
"""


class Migration(migrations.Migration):
    dependencies = [("cloud", "0006_agreements")]
    operations = [
        *(ops.RunSQL(build(wall)) for wall in [*DISPUTES, *SPLITS]),
        *(ops.RunSQL(sql) for sql in (LOST, CHECKOUT, FINDING, FIXED_SPLITS)),
    ]
