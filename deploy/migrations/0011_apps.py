"""Walls of vendors, apps and installations, and how a request finds whose they are."""

from tortoise import migrations
from tortoise.migrations import operations as ops

from deploy.walls import Wall, build, policy, shared, visible

OF_VENDOR = "t.vendor_id = (select scope_vendor())"
THEIR_BANK = "bank_id = (select home_bank())"
IN_SANDBOX = "(select scope_tenant()) = sandbox_of(t.vendor_id)"

SCOPE = """
create function scope_vendor() returns uuid language sql stable parallel safe as
  $$ select case when scope_kind() = 'vendor' then scope_value()::uuid end $$;
create function vendor_bank() returns uuid language plpgsql stable parallel safe as
  $$ begin return (select v.bank_id from integrations_vendor v where v.id = scope_vendor()); end $$;
create function sandbox_of(vendor uuid) returns uuid language plpgsql stable parallel safe as
  $$ begin return (select v.sandbox_tenant_id from integrations_vendor v where v.id = vendor); end $$;
"""

ABOVE_TENANTS = [
    shared(
        "integrations_vendor",
        {
            "bank": "using (bank_id = (select scope_bank()))",
            "vendor": "using (id = (select scope_vendor()))",
            "tenant": f"for select using ({THEIR_BANK})",
            "member": "for select using ((select scope_is('person')) and exists (select 1 from"
            " integrations_vendor_member m where m.vendor_id = t.id"
            " and m.person_id = (select scope_person()) and m.ended_at is null))",
        },
        rights="select, insert, update",
    ),
    shared(
        "integrations_vendor_member",
        {
            "vendor": "using (vendor_id = (select scope_vendor()))",
            "own": "for select using (person_id = (select scope_person()))",
            "secret": "for select using (token_hash = (select scope_secret()))",
            "bank": "for select using (bank_id = (select scope_bank()))",
        },
        rights="select, insert, update",
    ),
    shared(
        "integrations_app",
        {
            "bank": "using (bank_id = (select scope_bank()))",
            "vendor": "using (vendor_id = (select scope_vendor()))",
            "tenant": f"for select using ({THEIR_BANK} and (listed_version_id is not null or {IN_SANDBOX}))",
            "secret": "for select using (client_key = (select scope_secret())"
            " or test_client_key = (select scope_secret()))",
            "looking": "using ((select scope_is('queue')))",
        },
        rights="select, insert, update",
    ),
    shared(
        "integrations_app_version",
        {
            "bank": "using (bank_id = (select scope_bank()))",
            "vendor": "using (vendor_id = (select scope_vendor()))",
            "tenant": f"for select using ({THEIR_BANK} and"
            f" (status in ('listed', 'replaced', 'suspended') or {IN_SANDBOX}))",
            "looking": "for select using ((select scope_is('queue')))",
        },
        rights="select, insert, update",
    ),
    """
    alter table integrations_vendor add constraint integrations_vendor_status_check
      check (status in ('registered', 'admitted', 'refused', 'suspended'));
    create unique index integrations_vendor_uscc_key on integrations_vendor (bank_id, uscc) where status <> 'refused';
    create index integrations_vendor_bank_idx on integrations_vendor (bank_id, status);
    create unique index integrations_vendor_member_key on integrations_vendor_member (vendor_id, person_id)
      where ended_at is null and person_id is not null;
    create index integrations_vendor_member_person_idx on integrations_vendor_member (person_id);
    create unique index integrations_vendor_member_token_key on integrations_vendor_member (token_hash)
      where token_hash is not null;
    alter table integrations_app add constraint integrations_app_status_check
      check (status in ('draft', 'listed', 'suspended') and (status = 'draft') = (listed_version_id is null));
    create unique index integrations_app_slug_key on integrations_app (vendor_id, slug);
    create index integrations_app_bank_idx on integrations_app (bank_id, status);
    create unique index integrations_app_client_key on integrations_app (client_key);
    create unique index integrations_app_test_client_key on integrations_app (test_client_key);
    alter table integrations_app_version add constraint integrations_app_version_status_check
      check (status in ('draft', 'submitted', 'returned', 'listed', 'replaced', 'suspended'));
    alter table integrations_app_version add constraint integrations_app_version_profile_check
      check (profile in ('basic', 'strict', 'fapi2') and min_level between 1 and 3);
    create unique index integrations_app_version_number_key on integrations_app_version (app_id, number);
    create unique index integrations_app_version_open_key on integrations_app_version (app_id)
      where status in ('draft', 'submitted', 'returned');
    create unique index integrations_app_version_listed_key on integrations_app_version (app_id)
      where status in ('listed', 'suspended');
    create index integrations_app_version_bank_idx on integrations_app_version (bank_id, status, submitted_at);
    """,
]

TABLES = [
    Wall(
        "integrations_installation",
        extra={"vendor": OF_VENDOR},
        uniques=["app_id where status <> 'uninstalled'"],
        indexes=["created_at"],
        checks={
            "status": "status in ('active', 'paused', 'uninstalled')"
            " and (status = 'uninstalled') = (uninstalled_at is not null)",
            "level": "min_level between 1 and 3",
        },
    ),
    Wall(
        "integrations_app_consent",
        refs={"installation_id": "integrations_installation"},
        indexes=["installation_id, created_at"],
        is_append_only=True,
    ),
    Wall(
        "integrations_launch",
        refs={"installation_id": "integrations_installation"},
        extra={"vendor": OF_VENDOR},
        uniques=["value_hash where value_hash is not null"],
        indexes=["installation_id, created_at"],
        checks={"outcome": "outcome in ('started', 'arrived', 'down')"},
    ),
    Wall(
        "integrations_app_message",
        refs={"installation_id": "integrations_installation"},
        extra={"vendor": OF_VENDOR},
        uniques=["installation_id, event, cause"],
        indexes=["installation_id, created_at", "due_at where status = 'waiting'"],
        checks={"status": "status in ('waiting', 'delivered', 'failed', 'dropped')"},
    ),
    Wall(
        "integrations_app_document",
        refs={"installation_id": "integrations_installation"},
        person=f"t.subject_kind = 'bill' and {visible('billing_bill', 'subject_id')}",
        uniques=["installation_id, kind, number"],
        indexes=["subject_kind, subject_id"],
    ),
]

ACROSS = """
create index integrations_installation_app_idx on integrations_installation (app_id);
create index integrations_installation_vendor_idx on integrations_installation (vendor_id);
create index integrations_launch_vendor_idx on integrations_launch (vendor_id, created_at);
create index integrations_app_message_vendor_idx on integrations_app_message (vendor_id, created_at);
create policy vendor_adding on tenants_audit for insert with check ((select scope_is('vendor')) and tenant_id is null
  and bank_id = (select vendor_bank()));
"""
OF_BANK = """for select using ((select scope_is('bank')) and exists (
  select 1 from integrations_vendor v where v.id = t.vendor_id and v.bank_id = (select scope_bank())))"""

FUNCTIONS = """
create function enter_vendor(session_hash bytea, vendor_slug text) returns jsonb language plpgsql as $$
declare answer jsonb; vendor record; held record; bank record;
begin
  answer := enter(session_hash, 'person', '');
  if answer is null then return null; end if;
  select v.* into vendor from integrations_vendor v where v.slug = vendor_slug;
  if not found then return answer; end if;
  select m.* into held from integrations_vendor_member m
   where m.vendor_id = vendor.id and m.person_id = (answer ->> 'person_id')::uuid and m.ended_at is null;
  if not found then return answer; end if;
  select * into bank from tenants_bank b where b.id = vendor.bank_id;
  perform scope_set('vendor', vendor.id::text);
  return answer || jsonb_build_object('role', held.role, 'vendor', to_jsonb(vendor) || jsonb_build_object(
    'bank_slug', bank.slug, 'bank_name', bank.name, 'bank_name_en', bank.name_en, 'bank_accent', bank.accent,
    'bank_country', bank.country));
end $$;

create function app_client(given text) returns jsonb language plpgsql as $$
declare app record; vendor record; version record; is_test boolean; key bytea := sha256(convert_to(given, 'UTF8'));
begin
  perform scope_set('secret', encode(key, 'hex'));
  select * into app from integrations_app a where a.client_key = key or a.test_client_key = key;
  if not found then return null; end if;
  is_test := app.test_client_key = key;
  perform scope_set('vendor', app.vendor_id::text);
  select * into vendor from integrations_vendor v where v.id = app.vendor_id;
  if is_test then
    select * into version from integrations_app_version v where v.app_id = app.id order by v.number desc limit 1;
  else
    select * into version from integrations_app_version v where v.id = app.listed_version_id;
  end if;
  if version.id is null then return null; end if;
  return jsonb_build_object('client_id', given, 'is_test', is_test, 'app_id', app.id, 'vendor_id', vendor.id,
    'bank_id', app.bank_id, 'version_id', version.id, 'name', app.name,
    'is_live', vendor.status = 'admitted' and (is_test or (app.status = 'listed' and version.status = 'listed')),
    'secret_hash', encode(app.secret_hash, 'hex'),
    'former_secret_hash', case when app.former_secret_until > now() then encode(app.former_secret_hash, 'hex') end,
    'profile', version.profile, 'auth_method', version.auth_method, 'jwks', version.jwks,
    'jwks_uri', version.jwks_uri, 'redirect_uris', version.redirect_uris,
    'post_logout_redirect_uris', version.post_logout_redirect_uris,
    'backchannel_logout_uri', version.backchannel_logout_uri,
    'frontchannel_logout_uri', version.frontchannel_logout_uri, 'launch_uri', version.launch_uri,
    'frame_origins', version.frame_origins, 'protocols', version.protocols,
    'scopes', (select coalesce(jsonb_agg(s), '[]') from jsonb_object_keys(version.scopes) s));
end $$;

create function app_granted(given text, tenant uuid, person uuid) returns jsonb language plpgsql
  set plan_cache_mode = force_generic_plan as $$
declare key bytea := sha256(convert_to(given, 'UTF8')); found jsonb;
begin
  perform scope_set('tenant', tenant::text);
  select jsonb_build_object('client_id', given, 'installation_id', i.id, 'tenant_id', tenant, 'app_id', a.id,
      'vendor_id', i.vendor_id, 'version_id', i.version_id, 'scopes', i.scopes, 'claims', i.claims, 'roles', i.roles,
      'person_roles', case when person is null then '[]' else (
        select coalesce(jsonb_agg(distinct r.key), '[]') from tenants_membership m
          join tenants_role r on r.tenant_id = m.tenant_id and r.id = m.role_id
         where m.tenant_id = tenant and m.person_id = person and m.ended_at is null and r.key = any (i.roles)) end,
      'min_level', i.min_level)
    into found
    from integrations_app a
    join integrations_vendor v on v.id = a.vendor_id and v.status = 'admitted'
    join integrations_installation i on i.tenant_id = tenant and i.app_id = a.id and i.status = 'active'
     and i.is_test = (a.test_client_key = key)
    join tenants_tenant x on x.id = tenant and x.status not in ('suspended', 'closing', 'closed')
   where (a.client_key = key or a.test_client_key = key) and (i.is_test or (a.status = 'listed' and exists (
     select 1 from integrations_app_version n where n.id = a.listed_version_id and n.status = 'listed')));
  return found;
end $$;
"""
"""Each is a transaction of its own that sets its scope itself and reads what stands now: nothing is remembered,
so that what is suspended, paused or uninstalled is so for the next token, launch and call."""


class Migration(migrations.Migration):
    dependencies = [("cloud", "0010_apps_tables")]
    operations = [
        ops.RunSQL(SCOPE),
        *(ops.RunSQL(sql) for sql in ABOVE_TENANTS),
        *(ops.RunSQL(build(wall)) for wall in TABLES),
        ops.RunSQL(ACROSS),
        ops.RunSQL(policy("integrations_installation", "of_bank", OF_BANK)),
        ops.RunSQL(FUNCTIONS),
    ]
