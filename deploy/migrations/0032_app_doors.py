"""Apps that end what they keep in a browser when somebody signs out, and what a call of theirs costs."""

from tortoise import fields, migrations
from tortoise.migrations import operations as ops

CLIENT = """
create or replace function app_client(given text) returns jsonb language plpgsql as $$
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
"""

GRANTED = """
create or replace function app_granted(given text, tenant uuid, person uuid) returns jsonb language plpgsql
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
"""What a tenant lets an app have, in one look under the tenant's own scope: every row is found by a key. The plan is made
once for each connection, since making it takes ten times as long as following it."""


class Migration(migrations.Migration):
    dependencies = [("cloud", "0031_bank_offers")]
    operations = [
        ops.AddField(
            model_name="AppVersion",
            name="frontchannel_logout_uri",
            field=fields.CharField(db_default="", max_length=500),
        ),
        ops.RunSQL(CLIENT),
        ops.RunSQL(GRANTED),
    ]
