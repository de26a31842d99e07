"""How institutions stand, by industry cloud too, so that a board of one cloud says what that cloud's come to.

And how far a union's offers have come: counted as banks and institutions take them.
"""

from tortoise import fields, migrations
from tortoise.migrations import operations as ops

from deploy.columns import moment, row
from deploy.walls import shared

STANDING = """
update billing_standing s set scenario = coalesce(t.scenarios[1], '') from tenants_tenant t where t.id = s.tenant_id;
delete from billing_branch_standing;
drop index billing_branch_standing_key;
insert into billing_branch_standing (id, bank_id, branch_id, scenario, currency, accounts, payers, mandates, breaks,
  billed_minor, collected_minor, arrears_minor)
select new_id(), bank_id, branch_id, scenario, currency, sum(accounts), sum(payers), sum(mandates), sum(breaks),
       sum(billed_minor), sum(collected_minor), sum(arrears_minor)
  from billing_standing group by bank_id, branch_id, scenario, currency;
create unique index billing_branch_standing_key on billing_branch_standing (bank_id, branch_id, scenario, currency);
"""
STAGES = """
delete from billing_stage;
drop index billing_stage_key;
insert into billing_stage (id, bank_id, branch_id, scenario, status, n)
select new_id(), bank_id, branch_id, coalesce(scenarios[1], ''), status, count(*) from tenants_tenant
 group by 2, 3, 4, 5;
create unique index billing_stage_key on billing_stage (bank_id, branch_id, scenario, status);
"""
APPS = """
update billing_app_use u set scenario = coalesce(t.scenarios[1], '') from tenants_tenant t where t.id = u.tenant_id;
"""
COUNTING = """
create or replace function count_stage() returns trigger language plpgsql as $$
begin
  if tg_op <> 'INSERT' then
    update billing_stage set n = n - 1 where bank_id = old.bank_id and branch_id = old.branch_id
       and scenario = coalesce(old.scenarios[1], '') and status = old.status;
  end if;
  insert into billing_stage as s (id, bank_id, branch_id, scenario, status, n)
  values (new_id(), new.bank_id, new.branch_id, coalesce(new.scenarios[1], ''), new.status, 1)
  on conflict (bank_id, branch_id, scenario, status) do update set n = s.n + 1;
  return null;
end $$;
drop trigger tenants_tenant_moved on tenants_tenant;
create trigger tenants_tenant_moved after update of status, branch_id, scenarios on tenants_tenant for each row
  when ((old.status, old.branch_id, coalesce(old.scenarios[1], ''))
        is distinct from (new.status, new.branch_id, coalesce(new.scenarios[1], ''))) execute function count_stage();
create or replace function note_app_use() returns trigger language plpgsql as $$
begin
  if new.is_test or not scope_is('tenant') then return null; end if;
  insert into billing_app_use (id, tenant_id, bank_id, branch_id, scenario, app_id, name, is_active)
  select new_id(), t.id, t.bank_id, t.branch_id, coalesce(t.scenarios[1], ''), new.app_id,
         coalesce((select a.name from integrations_app a where a.id = new.app_id), ''), new.status = 'active'
    from tenants_tenant t where t.id = new.tenant_id
  on conflict (tenant_id, app_id) do update set is_active = excluded.is_active;
  return null;
end $$;
"""
REACH = (
    shared(
        "tenants_offer_reach",
        {
            "bank": "using (bank_id = (select scope_bank()))",
            "of_union": "for select using (bank_id in (select id from tenants_bank"
            " where union_id = (select scope_bank())))",
            "tenant": "using (bank_id = (select home_bank()))",
        },
    )
    + """
    create unique index tenants_offer_reach_key on tenants_offer_reach (bank_id, offer_id);
    create index tenants_offer_reach_offer_idx on tenants_offer_reach (offer_id);
    create function note_offer_reach() returns trigger language plpgsql as $$
    begin
      if new.status = 'dropped' then
        delete from tenants_offer_reach where bank_id = new.bank_id and offer_id = (new.origin ->> 'offer_id')::uuid
           and offered_at is null;
      else
        insert into tenants_offer_reach as r (id, bank_id, offer_id, offered_at)
        values (new_id(), new.bank_id, (new.origin ->> 'offer_id')::uuid, new.published_at)
        on conflict (bank_id, offer_id) do update set offered_at = coalesce(r.offered_at, excluded.offered_at);
      end if;
      return null;
    end $$;
    create trigger tenants_bank_offer_reached after insert or update of status on tenants_bank_offer
      for each row when (new.origin ->> 'offer_id' is not null) execute function note_offer_reach();
    create function count_offer_reach() returns trigger language plpgsql as $$
    begin
      update tenants_offer_reach set institutions = institutions + case when new.replaced_at is null then 1 else -1 end
       where bank_id = new.bank_id and offer_id = (new.origin -> 'above' ->> 'offer_id')::uuid;
      return null;
    end $$;
    create trigger tenants_offer_taking_counted after insert or update of replaced_at on tenants_offer_taking
      for each row when (new.origin -> 'above' ->> 'offer_id' is not null) execute function count_offer_reach();
    """
)
REACHED = """
insert into tenants_offer_reach (id, bank_id, offer_id, created_at, offered_at, institutions)
select new_id(), f.*, (select count(*) from tenants_offer_taking k where k.bank_id = f.bank_id
         and k.replaced_at is null and (k.origin -> 'above' ->> 'offer_id')::uuid = f.offer_id)
  from (select bank_id, (origin ->> 'offer_id')::uuid offer_id, min(created_at), min(published_at)
          from tenants_bank_offer where origin ->> 'offer_id' is not null and status <> 'dropped' group by 1, 2) f;
"""
CHARGES = """
create function refuse_but_what() returns trigger language plpgsql as $$
begin
  if tg_op = 'UPDATE' and to_jsonb(new) - 'what' = to_jsonb(old) - 'what' then return new; end if;
  raise exception '% is append-only: % refused', tg_table_name, tg_op using errcode = 'restrict_violation';
end $$;
drop trigger hospital_stay_charge_append_only on hospital_stay_charge;
create trigger hospital_stay_charge_append_only before update or delete on hospital_stay_charge
  for each row execute function refuse_but_what();
grant update (what) on hospital_stay_charge to cloud_app;
"""
"""A line of a stay never changes; the words of it, which are encrypted, come under a newer key."""
ZONE = """
create function held_zone() returns text language sql volatile as
  $$ select t.timezone::text from tenants_holder h join tenants_tenant t on t.id = h.tenant_id
      where h.person_id = scope_person() and h.confirmed_at is not null order by h.created_at desc limit 1 $$;
"""
"""The clock that a person's own pages go by: that of where they came to hold something last."""
_WRITTEN = (
    "tenants_tenant",
    "billing_standing",
    "billing_branch_standing",
    "billing_stage",
    "billing_app_use",
    "tenants_bank_offer",
    "tenants_offer_taking",
    "tenants_offer_reach",
)


def _unwalled(sql: str) -> str:
    """Return statements as the owner runs them over everybody's rows."""
    opened = "".join(f"alter table {table} no force row level security;\n" for table in _WRITTEN)
    return opened + sql + "".join(f"alter table {table} force row level security;\n" for table in _WRITTEN)


class Migration(migrations.Migration):
    dependencies = [("cloud", "0037_bank_risk")]

    operations = [
        *(
            ops.AddField(
                model_name=model, name="scenario", field=fields.CharField(db_default="", max_length=30)
            )
            for model in ("Standing", "BranchStanding", "Stage", "AppUse")
        ),
        row(
            "OfferReach",
            "tenants_offer_reach",
            "How far one version of a union's offer has come in one member bank; kept by triggers on offers and takings.",
            bank_id=fields.UUIDField(),
            offer_id=fields.UUIDField(),
            offered_at=moment(),
            institutions=fields.IntField(db_default=0),
        ),
        ops.RunSQL(REACH),
        ops.RunSQL(_unwalled(STANDING + STAGES + APPS + REACHED)),
        ops.RunSQL(COUNTING),
        ops.RunSQL(ZONE),
        ops.RunSQL(CHARGES),
    ]
