"""Walls of statements, matches and breaks, and what PostgreSQL itself refuses of them.

Lines carry no foreign keys: a statement brings a million of them in one set-based statement that has just read the
rows they point to, inside the tenant's own scope. What matters is held by unique indexes: one line for each attempt
and each refund.
"""

from tortoise import migrations
from tortoise.migrations import operations as ops

from deploy.walls import Wall, build

ACCOUNT = {"settlement_account_id": "billing_settlement_account"}
TABLES = [
    Wall("billing_statement_source", refs=ACCOUNT, uniques=["settlement_account_id, kind"]),
    Wall(
        "billing_payout",
        refs=ACCOUNT,
        uniques=["settlement_account_id, channel, reference"],
        indexes=["status, arrives_on", "day_until", "bank_line_id where bank_line_id is not null"],
        checks={"received": "(status = 'received') = (bank_line_id is not null)"},
    ),
    Wall(
        "billing_statement",
        refs={**ACCOUNT, "payout_id": "billing_payout"},
        uniques=["settlement_account_id, sha256"],
        indexes=["day_until", "settlement_account_id, channel, covers_until"],
        checks={"span": "day_until >= day_from and covers_until >= covers_from"},
    ),
    Wall(
        "billing_statement_line",
        uniques=[
            "attempt_id where attempt_id is not null",
            "refund_id where refund_id is not null",
        ],
        indexes=[
            "status, settlement_account_id, day where status in ('open', 'differs', 'provisional')",
            "payout_id where payout_id is not null",
            "settlement_account_id, line_key where line_key <> ''",
        ],
    ),
    Wall(
        "billing_match_suggestion",
        refs={"line_id": "billing_statement_line"},
        uniques=["line_id, subject_id"],
        indexes=["subject_id"],
        checks={"score": "score between 0 and 100"},
    ),
    Wall(
        "billing_break",
        refs={**ACCOUNT, "line_id": "billing_statement_line"},
        uniques=["kind, subject_id where status in ('open', 'working')"],
        indexes=["status, day", "subject_id", "line_id", "settlement_account_id, day"],
    ),
]

REFUSALS = """
create function refuse_statement_change() returns trigger language plpgsql as $$
begin
  if tg_op = 'DELETE' or (new.settlement_account_id, new.channel, new.sha256, new.covers_from, new.covers_until,
      new.currency, new.in_minor, new.out_minor, new.fee_minor, new.line_count) is distinct from
     (old.settlement_account_id, old.channel, old.sha256, old.covers_from, old.covers_until,
      old.currency, old.in_minor, old.out_minor, old.fee_minor, old.line_count) then
    raise exception 'a statement never changes' using errcode = 'restrict_violation';
  end if;
  return new;
end $$;
create trigger billing_statement_fixed before update or delete on billing_statement
  for each row execute function refuse_statement_change();

create function refuse_statement_line_change() returns trigger language plpgsql as $$
begin
  if tg_op = 'DELETE' or (new.statement_id, new.position, new.kind, new.occurred_at, new.currency, new.amount_minor,
      new.fee_minor, new.reference, new.channel_reference, new.line_key) is distinct from
     (old.statement_id, old.position, old.kind, old.occurred_at, old.currency, old.amount_minor,
      old.fee_minor, old.reference, old.channel_reference, old.line_key) then
    raise exception 'a statement line never changes' using errcode = 'restrict_violation';
  end if;
  return new;
end $$;
create trigger billing_statement_line_fixed before update or delete on billing_statement_line
  for each row execute function refuse_statement_line_change();
"""


class Migration(migrations.Migration):
    dependencies = [("cloud", "0008_seals")]
    operations = [*(ops.RunSQL(build(wall)) for wall in TABLES), ops.RunSQL(REFUSALS)]
