"""Walls of what a bank keeps: its own rows for itself, and to an institution what concerns it."""

from tortoise import migrations
from tortoise.migrations import operations as ops

from deploy.walls import Wall, build, policy, shared

BANK = "using (bank_id = (select scope_bank()))"
TENANT = "for select using (tenant_id = (select scope_tenant()))"
OWN = "using (tenant_id = (select scope_tenant()))"
READS_BANK = "for select using (bank_id = (select scope_bank()))"
READS_UNION = (
    "for select using (bank_id in (select id from tenants_bank where union_id = (select scope_bank())))"
)
OF_MY_BANK = "using (bank_id = (select home_bank()))"
OWN_WORK = "for update using (tenant_id = (select scope_tenant()))"

ABOVE_TENANTS = [
    shared(
        "tenants_bank_policy",
        {
            "bank": BANK,
            "tenant": "for select using (bank_id = (select home_bank()))",
        },
    ),
    shared("tenants_application_person", {"bank": BANK}),
    shared("tenants_document_request", {"bank": BANK, "tenant": TENANT, "meeting": OWN_WORK}),
    shared("tenants_account_proof", {"bank": BANK}),
    shared(
        "tenants_gate_check",
        {
            "bank": BANK,
            "tenant": TENANT,
            "passing": OWN_WORK,
            "secret": "for select using (code_hash = (select scope_secret()))",
        },
    ),
    shared("tenants_bank_request", {"bank": BANK, "tenant": TENANT}),
    shared(
        "tenants_support_access",
        {
            "bank": BANK,
            "tenant": TENANT,
            "ending": OWN_WORK,
            "own": "for select using (person_id = (select scope_person()))",
        },
        rights="select, insert, update",
    ),
    shared("billing_risk_rule", {"bank": BANK}),
    shared("billing_risk_alert", {"bank": BANK}),
    shared("billing_risk_watch", {"bank": BANK, "tenant": TENANT}),
    shared("billing_risk_hold", {"bank": BANK, "tenant": OWN}),
    shared(
        "tenants_consent",
        {"own": "using (person_id = (select scope_person()))"},
        rights="select, insert, update",
    ),
    build(
        Wall(
            "tenants_person_request",
            extra={"person": "t.person_id = (select scope_person())"},
            indexes=["created_at"],
        )
    ),
    build(Wall("tenants_retention_run", indexes=["created_at"])),
    shared("tenants_bulk_file", {"bank": BANK}),
    shared("billing_day_figure", {"bank": READS_BANK, "tenant": OWN}),
    shared("billing_standing", {"bank": READS_BANK, "tenant": OWN}),
    shared("billing_branch_figure", {"bank": READS_BANK, "of_union": READS_UNION, "tenant": OF_MY_BANK}),
    shared("billing_branch_standing", {"bank": READS_BANK, "of_union": READS_UNION, "tenant": OF_MY_BANK}),
    shared("billing_next_action", {"bank": BANK}),
    shared("billing_stage", {"bank": BANK, "of_union": READS_UNION, "tenant": OF_MY_BANK}),
    shared("tenants_bulk_row", {"bank": BANK}),
    shared("tenants_isolation_report", {"anyone": "for select using (true)"}, rights="select"),
    shared("tenants_tenant_move", {"bank": BANK}, rights="select, insert"),
    """
    create unique index tenants_bank_policy_key on tenants_bank_policy (bank_id);
    create index tenants_application_person_idx on tenants_application_person (bank_id, application_id);
    create index tenants_document_request_idx on tenants_document_request (bank_id, application_id);
    create index tenants_document_request_due_idx on tenants_document_request (bank_id, due_on) where met_at is null;
    create index tenants_document_request_tenant_idx on tenants_document_request (tenant_id) where met_at is null;
    create index tenants_account_proof_idx on tenants_account_proof (bank_id, application_id);
    create unique index tenants_account_proof_reference_key on tenants_account_proof (bank_id, reference);
    create unique index tenants_account_proof_waiting_key on tenants_account_proof (bank_id, application_id)
      where status = 'waiting';
    create unique index tenants_gate_check_key on tenants_gate_check (tenant_id, key);
    create unique index tenants_gate_check_code_key on tenants_gate_check (code_hash) where code_hash is not null;
    create index tenants_bank_request_idx on tenants_bank_request (bank_id, status, created_at);
    create unique index tenants_bank_request_open_key on tenants_bank_request (tenant_id, kind)
      where status in ('asked', 'approved');
    create index tenants_support_access_tenant_idx on tenants_support_access (tenant_id, until) where ended_at is null;
    create index tenants_support_access_person_idx on tenants_support_access (person_id, tenant_id)
      where ended_at is null;
    create index tenants_support_access_bank_idx on tenants_support_access (bank_id, tenant_id);
    create index tenants_bulk_file_idx on tenants_bulk_file (bank_id, created_at);
    create unique index billing_day_figure_key on billing_day_figure (tenant_id, day, channel, currency);
    create index billing_day_figure_branch_idx on billing_day_figure (bank_id, branch_id, day);
    create unique index billing_standing_key on billing_standing (tenant_id, currency);
    create index billing_standing_branch_idx on billing_standing (bank_id, branch_id);
    create unique index billing_branch_figure_key on billing_branch_figure
      (bank_id, branch_id, scenario, day, channel, currency);
    create index billing_branch_figure_day_idx on billing_branch_figure (bank_id, day);
    create unique index billing_branch_standing_key on billing_branch_standing (bank_id, branch_id, currency);
    create unique index billing_stage_key on billing_stage (bank_id, branch_id, status);
    create index billing_next_action_idx on billing_next_action (bank_id, status, branch_id);
    create index billing_next_action_tenant_idx on billing_next_action (bank_id, tenant_id, key);
    create unique index billing_risk_rule_key on billing_risk_rule (bank_id, key);
    create index billing_risk_alert_idx on billing_risk_alert (bank_id, status, day);
    create index billing_risk_alert_tenant_idx on billing_risk_alert (bank_id, tenant_id, key, day);
    create index billing_risk_watch_idx on billing_risk_watch (tenant_id) where ended_at is null;
    create unique index billing_risk_hold_key on billing_risk_hold (tenant_id, refund_id);
    create index billing_risk_hold_idx on billing_risk_hold (bank_id, status);
    create index tenants_consent_idx on tenants_consent (person_id);
    create index tenants_person_request_person_idx on tenants_person_request (person_id);
    create unique index tenants_bulk_row_key on tenants_bulk_row (bulk_id, number);
    create index tenants_bulk_row_bank_idx on tenants_bulk_row (bank_id, bulk_id, status);
    create index tenants_tenant_move_idx on tenants_tenant_move (bank_id, tenant_id, moved_on);
    create unique index tenants_application_token_key on tenants_application (token_hash) where token_hash is not null;
    create index tenants_application_account_idx on tenants_application (bank_id, account_hash);
    alter table tenants_account_proof add constraint tenants_account_proof_tries_check check (tries_left >= 0);
    alter table tenants_bank_request add constraint tenants_bank_request_two_check
      check (decided_by is null or status in ('refused', 'withdrawn', 'void') or decided_by <> asked_by);
    """,
]

READERS = """
create policy applicant on tenants_application for select using (token_hash = (select scope_secret()));
create function home_branch() returns uuid language plpgsql stable parallel safe as
  $$ begin return (select x.branch_id from tenants_tenant x where x.id = scope_tenant()); end $$;
create policy own_branch on tenants_branch for select using (id = (select home_branch()));
create policy branding on tenants_bank for update using (id = (select scope_bank()));
grant update (name, name_en, accent, logo_key) on tenants_bank to cloud_app;
"""

TRAIL = """
create policy touched on tenants_audit for select using ((select scope_is('person'))
  and tenant_id = any ((select scope_tenants())::uuid[]) and subject_id in (
    select h.id from tenants_holder h where h.person_id = (select scope_person())
    union all select h.account_id from tenants_holder h where h.person_id = (select scope_person())
      and h.confirmed_at is not null));
"""
"""A person reads what was done about them and about the accounts they hold."""

NAMES = """
create function plain_name(name text) returns text language sql immutable parallel safe as
  $$ select regexp_replace(lower(name), '[^[:alnum:]]', '', 'g') $$;
create function grams(name text) returns text[] language sql immutable parallel safe as $$
  select coalesce(array_agg(distinct substr(plain, n, 2)), '{}') from (
    select regexp_replace(lower(name), '[^[:alnum:]]', '', 'g') plain) p,
    generate_series(1, greatest(length(plain) - 1, 0)) n $$;
create index tenants_tenant_grams_idx on tenants_tenant
  using gin (grams(name || ' ' || short_name || ' ' || uscc));
create index tenants_tenant_order_idx on tenants_tenant (bank_id, name);
create index tenants_application_name_idx on tenants_application (bank_id, plain_name(legal_name));
create index tenants_application_uscc_idx on tenants_application (bank_id, uscc);
create index tenants_tenant_name_idx on tenants_tenant (bank_id, plain_name(name));
create index tenants_tenant_uscc_idx on tenants_tenant (bank_id, uscc);
create index tenants_tenant_branch_idx on tenants_tenant (bank_id, branch_id, status);
"""


STAGES = """
alter table tenants_tenant no force row level security;
alter table billing_stage no force row level security;
insert into billing_stage (id, bank_id, branch_id, status, n)
  select new_id(), bank_id, branch_id, status, count(*) from tenants_tenant group by 2, 3, 4;
alter table tenants_tenant force row level security;
alter table billing_stage force row level security;
create function count_stage() returns trigger language plpgsql as $$
begin
  if tg_op <> 'INSERT' then
    update billing_stage set n = n - 1
     where bank_id = old.bank_id and branch_id = old.branch_id and status = old.status;
  end if;
  insert into billing_stage as s (id, bank_id, branch_id, status, n)
  values (new_id(), new.bank_id, new.branch_id, new.status, 1)
  on conflict (bank_id, branch_id, status) do update set n = s.n + 1;
  return null;
end $$;
create trigger tenants_tenant_born after insert on tenants_tenant for each row execute function count_stage();
create trigger tenants_tenant_moved after update of status, branch_id on tenants_tenant for each row
  when ((old.status, old.branch_id) is distinct from (new.status, new.branch_id)) execute function count_stage();
"""
"""How many institutions are in which state, branch by branch: counted as it happens, so that nobody counts them all."""

SUPPORTED = """for select using ((select scope_is('person')) and exists (
  select 1 from tenants_support_access s where s.tenant_id = t.id
    and s.person_id = (select scope_person()) and s.ended_at is null and s.until > now()))"""

SUPPORT = """
do $do$
declare was text := pg_get_functiondef('enter(bytea,text,text)'::regprocedure);
declare door text := $x$and m.tenant_id = tenant.id and m.ended_at is null) then return answer; end if;$x$;
declare answered text := $x$jsonb_build_object('tenant', to_jsonb(tenant));$x$;
declare duty text := $x$and m.person_id = session.person_id and m.ended_at is null;
    if held$x$;
begin
  if strpos(was, door) = 0 or strpos(was, answered) = 0 or strpos(was, duty) = 0 then
    raise exception 'enter() is not as expected';
  end if;
  was := replace(was, door, $x$and m.tenant_id = tenant.id and m.ended_at is null) then
      if tenant.id is not null then
        select to_jsonb(s) into held from tenants_support_access s where s.tenant_id = tenant.id
          and s.person_id = session.person_id and s.ended_at is null and s.until > now() limit 1;
        if held is not null then
          perform scope_set('tenant', tenant.id::text);
          return answer || jsonb_build_object('support', held, 'tenant',
            to_jsonb(tenant) || jsonb_build_object('support_until', held ->> 'until'));
        end if;
      end if;
      return answer;
    end if;$x$);
  was := replace(was, answered, $x$jsonb_build_object('tenant', to_jsonb(tenant) || jsonb_build_object(
      'support_until', (select max(s.until) from tenants_support_access s where s.tenant_id = tenant.id
        and s.ended_at is null and s.until > now())));$x$);
  was := replace(was, duty, $x$and m.person_id = session.person_id and m.ended_at is null
       and (m.since is null or m.since <= now()) and (m.until is null or m.until > now());
    if held$x$);
  execute was;
end $do$;
"""
"""Somebody of the bank comes in by an open support access, and a stand-in only on the days of it."""


class Migration(migrations.Migration):
    dependencies = [("cloud", "0015_bank_tables")]
    operations = [
        *(ops.RunSQL(sql) for sql in ABOVE_TENANTS),
        ops.RunSQL(READERS),
        ops.RunSQL(NAMES),
        ops.RunSQL(STAGES),
        ops.RunSQL(TRAIL),
        ops.RunSQL(policy("tenants_tenant", "supported", SUPPORTED)),
        ops.RunSQL(SUPPORT),
    ]
