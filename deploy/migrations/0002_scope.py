"""What row-level security rests on: the scope functions and the small ones that tables share."""

from tortoise import migrations
from tortoise.migrations import operations as ops

from tenants.days import ZONES

SCOPE = """
create function scope_kind() returns text language sql stable parallel safe as
  $$ select coalesce(current_setting('cloud.kind', true), '') $$;

create function scope_is(kind text) returns boolean language sql stable parallel safe as
  $$ select scope_kind() = kind $$;

create function scope_value() returns text language sql stable parallel safe as
  $$ select coalesce(current_setting('cloud.value', true), '') $$;

create function scope_tenants() returns uuid[] language sql stable parallel safe as
  $$ select coalesce(nullif(current_setting('cloud.tenants', true), ''), '{}')::uuid[] $$;

create function scope_accounts() returns uuid[] language sql stable parallel safe as
  $$ select coalesce(nullif(current_setting('cloud.accounts', true), ''), '{}')::uuid[] $$;

create function scope_tenant() returns uuid language sql stable parallel safe as
  $$ select case when scope_kind() = 'tenant' then scope_value()::uuid end $$;

create function scope_person() returns uuid language sql stable parallel safe as
  $$ select case when scope_kind() = 'person' then scope_value()::uuid end $$;

create function scope_bank() returns uuid language sql stable parallel safe as
  $$ select case when scope_kind() = 'bank' then scope_value()::uuid end $$;

create function scope_link_bill() returns uuid language sql stable parallel safe as
  $$ select case when scope_kind() = 'link' then split_part(scope_value(), ' ', 2)::uuid end $$;

create function scope_secret() returns bytea language sql stable parallel safe as
  $$ select case when scope_kind() = 'secret' then decode(scope_value(), 'hex') end $$;

create function scope_set(kind text, value text) returns void language plpgsql as $$
declare
  places uuid[]; accounts uuid[]; has_guest boolean;
  -- what a patient lets somebody see: whoever has none of it was let in for something else, and is not asked for it
  trusted constant text[] := array['visits', 'stays', 'reports'];
begin
  perform set_config('cloud.kind', kind, true), set_config('cloud.value', value, true),
          set_config('cloud.tenants', '', true), set_config('cloud.accounts', '', true),
          set_config('cloud.barred', '', true);
  if kind = 'tenant' then
    perform set_config('cloud.tenants', '{' || value || '}', true);
  elsif kind = 'link' then
    perform set_config('cloud.tenants', '{' || split_part(value, ' ', 1) || '}', true);
  elsif kind = 'person' then
    select coalesce(array_agg(distinct tenant_id), '{}'), coalesce(array_agg(distinct account_id), '{}'),
           coalesce(bool_or(is_guest), false) into places, accounts, has_guest from (
        select tenant_id, account_id, sees is not null is_guest
          from tenants_holder where person_id = value::uuid and confirmed_at is not null
        union all
        select tenant_id, account_id, false from billing_proxy where person_id = value::uuid and accepted_at is not null
           and ended_at is null and until >= day_of(tenant_id)) seen;
    perform set_config('cloud.tenants', places::text, true), set_config('cloud.accounts', accounts::text, true);
    if has_guest then
      perform set_config('cloud.barred', (
        select coalesce(array_agg(what || ' ' || account_id), '{}')::text from (
          select w.what, h.account_id from tenants_holder h
           cross join unnest(array['bills', 'pay', 'repairs', 'visitors', 'votes', 'visits', 'stays', 'whole'])
             w (what)
           where h.person_id = value::uuid and h.confirmed_at is not null
           group by w.what, h.account_id
          having bool_and(h.sees is not null and (h.until < day_of(h.tenant_id) or case
                   when w.what = 'whole' then h.sees ?| trusted and not h.sees ?& array['visits', 'stays']
                   when w.what in ('visits', 'stays') then h.sees ?| trusted and not h.sees ? w.what
                   else not h.sees ? w.what end))
             and not (w.what in ('bills', 'pay', 'visits', 'stays', 'whole') and exists (
               select 1 from billing_proxy x where x.person_id = value::uuid and x.account_id = h.account_id
                  and x.accepted_at is not null and x.ended_at is null and x.until >= day_of(x.tenant_id)))) kept), true);
    end if;
  end if;
end $$;
"""

DAYS = (
    """
create function day_in(zone text) returns date language sql stable parallel safe as
  $$ select (now() at time zone zone)::date $$;

create policy days on tenants_tenant for select to cloud_owner using (true);

create function day_of(of_tenant uuid, moment timestamptz default now()) returns date
  language sql stable parallel safe security definer set search_path = public, pg_temp as
  $$ select (moment at time zone t.timezone)::date from tenants_tenant t where t.id = of_tenant $$;

create function bank_day_of(of_bank uuid) returns date language sql stable parallel safe as
  $$ select day_in(case b.country {cases} else 'UTC' end) from tenants_bank b where b.id = of_bank $$;
"""
).replace("{cases}", " ".join(f"when '{country}' then '{zone}'" for country, zone in ZONES.items()))
"""The day it is in a zone, at an institution (or to which one of its moments belongs) and at a bank.

``day_of`` reads an institution's zone whatever the scope, since a day must not depend on who asks for it; being the
owner's, it never goes into the plan of a statement or of a wall, where it would bring the policies of institutions.
It costs 3 µs: once for a statement about one institution, ``(select day_of($1))``; for each row where several are
seen, ``day_of(h.tenant_id)``.
"""
SHARED = """
do $do$ begin
  if current_setting('server_version_num')::int >= 180000 then
    create function new_id() returns uuid language sql volatile parallel safe as $$ select uuidv7() $$;
  else
    create function new_id() returns uuid language sql volatile parallel safe as $$
      select encode(set_bit(set_bit(overlay(uuid_send(gen_random_uuid())
          placing substring(int8send((extract(epoch from clock_timestamp()) * 1000)::bigint) from 3) from 1 for 6),
          52, 1), 53, 1), 'hex')::uuid $$;
  end if;
end $do$;

create function refuse_change() returns trigger language plpgsql as $$
begin
  raise exception '% is append-only: % refused', tg_table_name, tg_op using errcode = 'restrict_violation';
end $$;
"""

ENTER = """
create function enter(session_hash bytea, door text, door_slug text) returns jsonb language plpgsql as $$
declare
  session record; person record; tenant record; bank record; answer jsonb; held jsonb;
begin
  perform scope_set('secret', encode(session_hash, 'hex'));
  select * into session from tenants_session
   where token_hash = session_hash and ended_at is null and expires_at > now();
  if not found then return null; end if;
  perform scope_set('person', session.person_id::text);
  select * into person from tenants_person where id = session.person_id;
  answer := jsonb_build_object('session_id', session.id, 'person_id', person.id, 'name', person.name,
    'email', person.email, 'locale', person.locale, 'level', session.level, 'method', session.method,
    'auth_time', extract(epoch from session.auth_time), 'seen_at', extract(epoch from session.seen_at),
    'company', session.company);
  if door = 'tenant' then
    select t.*, b.slug bank_slug, b.name bank_name, b.name_en bank_name_en, b.accent bank_accent into tenant
      from tenants_tenant t join tenants_bank b on b.id = t.bank_id where t.slug = door_slug;
    if not found or not exists (select 1 from tenants_membership m where m.person_id = session.person_id
        and m.tenant_id = tenant.id and m.ended_at is null) then return answer; end if;
    perform scope_set('tenant', tenant.id::text);
    select jsonb_build_object('permissions', coalesce(jsonb_agg(distinct permission), '[]'),
        'roles', jsonb_agg(distinct r.name), 'refund_limit_minor', coalesce(max(r.refund_limit_minor), 0),
        'adjustment_limit_minor', coalesce(max(r.adjustment_limit_minor), 0))
      into held
      from tenants_membership m join tenants_role r on r.tenant_id = m.tenant_id and r.id = m.role_id
      left join lateral unnest(r.permissions) permission on true
     where m.tenant_id = tenant.id and m.person_id = session.person_id and m.ended_at is null;
    answer := answer || held || jsonb_build_object('tenant', to_jsonb(tenant));
  elsif door = 'bank' then
    select * into bank from tenants_bank b where b.slug = door_slug;
    if not found then return answer; end if;
    select jsonb_build_object('roles', jsonb_agg(distinct m.role),
        'branches', jsonb_agg(distinct m.branch_id)) into held
      from tenants_bank_membership m
     where m.bank_id = bank.id and m.person_id = session.person_id and m.ended_at is null;
    if held ->> 'roles' is null then return answer; end if;
    perform scope_set('bank', bank.id::text);
    answer := answer || held || jsonb_build_object('bank', to_jsonb(bank));
  end if;
  return answer;
end $$;
"""


class Migration(migrations.Migration):
    dependencies = [("cloud", "0001_tables")]
    operations = [ops.RunSQL(DAYS), ops.RunSQL(SCOPE), ops.RunSQL(SHARED), ops.RunSQL(ENTER)]
