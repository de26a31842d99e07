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


class Migration(migrations.Migration):
    dependencies = [("cloud", "0031_bank_offers")]
    operations = [
        ops.AddField(
            model_name="AppVersion",
            name="frontchannel_logout_uri",
            field=fields.CharField(db_default="", max_length=500),
        ),
        ops.RunSQL(CLIENT),
    ]
