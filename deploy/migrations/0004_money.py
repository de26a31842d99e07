"""The walls of the money tables, and what PostgreSQL itself refuses: unbalanced entries, changed proof, double holds."""

from tortoise import migrations
from tortoise.migrations import operations as ops

from deploy import hot_path
from deploy.walls import Wall, build, holds, visible

OWN = "t.person_id = (select scope_person())"
BY_LINK = "t.link_bill_id = (select scope_link_bill())"
OF_BILL = visible("billing_bill", "bill_id")
OF_PAYMENT = visible("billing_payment", "payment_id")

CHARGES = [
    Wall("billing_settlement_account", indexes=["currency"]),
    Wall(
        "billing_fee_item",
        refs={"settlement_account_id": "billing_settlement_account"},
        person="true",
        link="true",
        uniques=["key"],
    ),
    Wall(
        "billing_fee_rule",
        refs={"fee_item_id": "billing_fee_item"},
        person="t.status <> 'draft'",
        link="t.status <> 'draft'",
        uniques=["fee_item_id, version", "fee_item_id, effective_from where status = 'active'"],
        checks={"span": "effective_until is null or effective_until >= effective_from"},
    ),
    Wall(
        "billing_bill_run",
        refs={"task_id": "tenants_task"},
        uniques=[
            "scenario, period where status in ('drafting', 'drafted', 'approved', 'issuing', 'cancelling')"
        ],
        indexes=["created_at"],
        checks={"period": "extract(day from period) = 1"},
    ),
    Wall(
        "billing_bill_exception",
        refs={"run_id": "billing_bill_run", "account_id": "tenants_account"},
        indexes=["run_id, account_number"],
    ),
    Wall(
        "billing_bill",
        refs={"run_id": "billing_bill_run"},
        person=f"t.status <> 'draft' and {holds(period='t.period')}",
        link="t.status <> 'draft' and t.id = (select scope_link_bill())",
        uniques=[
            "number",
            "run_id, account_id where run_id is not null",
            "account_id, kind, reference where reference <> ''",
        ],
        indexes=["account_id, period", "status, due_on", "period, place"],
        checks={
            "total": "total_minor >= 0",
            "paid": "paid_minor >= 0 and adjusted_minor >= 0 and paid_minor + adjusted_minor <= total_minor",
        },
    ),
    Wall(
        "billing_bill_line",
        refs={"bill_id": "billing_bill"},
        person=OF_BILL,
        link=OF_BILL,
        uniques=["account_id, fee_item_id, period where is_live and is_periodic"],
        indexes=["bill_id"],
        checks={
            "paid": "paid_minor >= 0 and adjusted_minor >= 0"
            " and paid_minor + adjusted_minor <= greatest(amount_minor, 0)"
        },
    ),
]

PAYMENTS = [
    Wall(
        "billing_day_close",
        uniques=["cashier_id, day, currency"],
    ),
    Wall(
        "billing_payment",
        refs={
            "settlement_account_id": "billing_settlement_account",
            "day_close_id": "billing_day_close",
            "account_id": "tenants_account",
        },
        person=OWN,
        link=BY_LINK,
        uniques=["number"],
        indexes=[
            "created_at",
            "succeeded_at",
            "person_id",
            "checkout_id where checkout_id is not null",
            "taken_by, day_close_id where channel = 'counter'",
        ],
        checks={
            "amount": "amount_minor > 0",
            "refunds": "refunded_minor >= 0 and refunding_minor >= 0"
            " and refunded_minor + refunding_minor <= amount_minor",
        },
    ),
    Wall(
        "billing_payment_part",
        refs={"payment_id": "billing_payment", "bill_id": "billing_bill"},
        person=OF_PAYMENT,
        link=OF_PAYMENT,
        uniques=["bill_id where is_live", "payment_id, bill_id"],
        indexes=["bill_id"],
        checks={"amount": "amount_minor > 0"},
    ),
    Wall(
        "billing_attempt",
        refs={"payment_id": "billing_payment"},
        person=OF_PAYMENT,
        link=OF_PAYMENT,
        uniques=["payment_id where status in ('created', 'pending', 'processing', 'unknown')"],
        indexes=[
            "payment_id",
            "status, expires_at",
            "channel, ended_at where status = 'succeeded'",
            "channel_payment where channel_payment <> ''",
        ],
        checks={"amount": "amount_minor > 0"},
    ),
    Wall(
        "billing_refund",
        refs={"payment_id": "billing_payment", "day_close_id": "billing_day_close"},
        person=OF_PAYMENT,
        link=OF_PAYMENT,
        uniques=["number"],
        indexes=["payment_id", "status, created_at", "paid_by, day_close_id where paid_by is not null"],
        checks={"amount": "amount_minor > 0"},
    ),
    Wall(
        "billing_allocation",
        refs={
            "payment_id": "billing_payment",
            "bill_id": "billing_bill",
            "bill_line_id": "billing_bill_line",
            "refund_id": "billing_refund",
        },
        person=OF_PAYMENT,
        link=OF_PAYMENT,
        indexes=["payment_id", "bill_id", "bill_line_id"],
        checks={
            "sign": "amount_minor <> 0 and (coalesce(refund_id, dispute_id) is null or amount_minor < 0)"
            " and (amount_minor > 0 or coalesce(refund_id, dispute_id, credit_id) is not null)"
        },
        is_append_only=True,
    ),
    Wall(
        "billing_suspense",
        refs={"payment_id": "billing_payment", "refund_id": "billing_refund"},
        indexes=["status, created_at", "payment_id"],
        checks={"amount": "amount_minor > 0"},
    ),
    Wall(
        "billing_receipt",
        refs={"payment_id": "billing_payment"},
        person=OWN,
        link=BY_LINK,
        extra={"secret": "t.verification_hash = (select scope_secret())"},
        uniques=["payment_id", "number"],
        is_append_only=True,
    ),
    Wall("billing_entry", uniques=["kind, source_id"], indexes=["occurred_at"], is_append_only=True),
    Wall(
        "billing_posting",
        indexes=["entry_id", "ledger, currency", "account_id", "bill_id"],
        checks={"amount": "amount_minor <> 0"},
        is_append_only=True,
    ),
]

REFUSALS = """
-- What is written by the hundred thousand (bills, lines, postings) is held to its parents once per statement rather than
-- once per row. That is as firm as a foreign key, because those parents never go: accounts, fees, entries, rules that
-- have been in force and issued bills cannot be deleted, nor get another id, and what names them never changes.

create unique index billing_receipt_verification_key on billing_receipt (verification_hash);
alter table billing_suspense add constraint billing_suspense_status_check
  check (status in ('open', 'refunding', 'refunded', 'applied', 'credited', 'charged_back'));

create function bill_number(n bigint) returns text language sql immutable parallel safe as
  $$ select lpad(n::text, greatest(6, length(n::text)), '0') $$;

create function refuse_unbalanced() returns trigger language plpgsql as $$
declare wrong record;
begin
  select entry_id, currency, sum(amount_minor) total into wrong from added
   group by tenant_id, entry_id, currency having sum(amount_minor) <> 0 limit 1;
  if found then
    raise exception 'entry % does not balance: % % minor units', wrong.entry_id, wrong.total, wrong.currency
      using errcode = 'check_violation';
  end if;
  if not row_security_active('billing_posting') then return null; end if;
  select p.entry_id into wrong from (select distinct entry_id, account_id, bill_id from added) p
    left join lateral (
      select b.account_id from billing_bill b where b.id = p.bill_id and (b.status <> 'draft') is true offset 0) b on true
   where not exists (select 1 from billing_entry e where e.id = p.entry_id offset 0)
      or (p.bill_id is not null and b.account_id is null)
      or (p.account_id is distinct from b.account_id and p.account_id is not null and not exists (
            select 1 from tenants_account a where a.id = p.account_id offset 0))
   limit 1;
  if found then
    raise exception 'entry % names itself, an account or an issued bill that is not there', wrong.entry_id
      using errcode = 'foreign_key_violation';
  end if;
  return null;
end $$;
create trigger billing_posting_balanced after insert on billing_posting
  referencing new table as added for each statement execute function refuse_unbalanced();

create function refuse_stray_lines() returns trigger language plpgsql as $$
declare stray record;
begin
  if not row_security_active('billing_bill_line') then return null; end if;
  select l.id into stray from added l
   where not exists (select 1 from billing_bill b
                      where b.id = l.bill_id and (b.account_id = l.account_id) is true offset 0)
   limit 1;
  if not found then
    select l.fee_item_id id into stray from (select distinct fee_item_id, fee_rule_id from added) l
     where not exists (select 1 from billing_fee_item f where f.id = l.fee_item_id offset 0)
        or (l.fee_rule_id is not null and not exists (
              select 1 from billing_fee_rule r where r.id = l.fee_rule_id
                 and (r.fee_item_id = l.fee_item_id and r.status <> 'draft') is true offset 0))
     limit 1;
  end if;
  if found then
    raise exception 'bill line % names a bill of another account, or a fee or rule that is not there', stray.id
      using errcode = 'foreign_key_violation';
  end if;
  return null;
end $$;
create trigger billing_bill_line_known after insert on billing_bill_line
  referencing new table as added for each statement execute function refuse_stray_lines();

create function refuse_stray_bills() returns trigger language plpgsql as $$
declare stray record;
begin
  if not row_security_active('billing_bill') then return null; end if;
  select b.id into stray from added b
   where not exists (select 1 from tenants_account a
                      where a.id = b.account_id offset 0) limit 1;
  if found then
    raise exception 'bill % names an account that is not there', stray.id using errcode = 'foreign_key_violation';
  end if;
  return null;
end $$;
create trigger billing_bill_known after insert on billing_bill
  referencing new table as added for each statement execute function refuse_stray_bills();
create trigger billing_bill_account_fixed before update of account_id, id, tenant_id on billing_bill
  for each row when ((old.tenant_id, old.id, old.account_id) is distinct from (new.tenant_id, new.id, new.account_id))
  execute function refuse_change();

revoke delete on tenants_account, billing_fee_item from cloud_app;
create trigger tenants_account_stays before delete on tenants_account for each row execute function refuse_change();
create trigger tenants_account_named before update of id, tenant_id on tenants_account
  for each row when ((old.tenant_id, old.id) is distinct from (new.tenant_id, new.id))
  execute function refuse_change();
create trigger billing_fee_item_stays before delete on billing_fee_item
  for each row execute function refuse_change();
create trigger billing_fee_item_named before update of id, tenant_id on billing_fee_item
  for each row when ((old.tenant_id, old.id) is distinct from (new.tenant_id, new.id))
  execute function refuse_change();

create function refuse_line_change() returns trigger language plpgsql as $$
begin
  if tg_op = 'DELETE' then
    if exists (select 1 from billing_bill b where b.tenant_id = old.tenant_id and b.id = old.bill_id
               and b.status <> 'draft') then
      raise exception 'an issued bill line never goes away' using errcode = 'restrict_violation';
    end if;
    return old;
  end if;
  if (new.bill_id, new.account_id, new.fee_item_id, new.fee_rule_id, new.period, new.currency, new.amount_minor,
      new.inputs::text) is distinct from
     (old.bill_id, old.account_id, old.fee_item_id, old.fee_rule_id, old.period, old.currency, old.amount_minor,
      old.inputs::text) then
    raise exception 'a bill line never changes' using errcode = 'restrict_violation';
  end if;
  return new;
end $$;
create trigger billing_bill_line_fixed before update or delete on billing_bill_line
  for each row execute function refuse_line_change();

create function refuse_bill_change() returns trigger language plpgsql as $$
begin
  if tg_op = 'DELETE' then
    if old.status <> 'draft' then
      raise exception 'an issued bill never goes away' using errcode = 'restrict_violation';
    end if;
    return old;
  end if;
  if old.status <> 'draft' and (new.account_id, new.number, new.period, new.currency, new.total_minor)
      is distinct from (old.account_id, old.number, old.period, old.currency, old.total_minor) then
    raise exception 'an issued bill never changes' using errcode = 'restrict_violation';
  end if;
  return new;
end $$;
create trigger billing_bill_fixed before update or delete on billing_bill
  for each row when (old.status <> 'draft') execute function refuse_bill_change();

create function refuse_rule_change() returns trigger language plpgsql as $$
begin
  if old.status <> 'draft' and (tg_op = 'DELETE' or new.status = 'draft'
      or (new.document::text, new.effective_from, new.version, new.id, new.fee_item_id) is distinct from
         (old.document::text, old.effective_from, old.version, old.id, old.fee_item_id)) then
    raise exception 'an active fee rule never changes' using errcode = 'restrict_violation';
  end if;
  return case when tg_op = 'DELETE' then old else new end;
end $$;
create trigger billing_fee_rule_fixed before update or delete on billing_fee_rule
  for each row execute function refuse_rule_change();
"""


class Migration(migrations.Migration):
    dependencies = [("cloud", "0003_walls")]
    operations = [
        *(ops.RunSQL(build(wall)) for wall in [*CHARGES, *PAYMENTS]),
        *(
            ops.RunSQL(sql)
            for sql in (REFUSALS, hot_path.MESSAGES, hot_path.PAYMENTS, hot_path.HEARING, hot_path.LANDING)
        ),
    ]
