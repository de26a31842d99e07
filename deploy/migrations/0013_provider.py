"""The OpenID provider: its keys, requests on their way, grants and tokens, and the one statement that opens a token."""

from orjson import loads
from tortoise import fields, migrations
from tortoise.fields.data import JSON_DUMPS
from tortoise.fields.db_defaults import Now
from tortoise.migrations import operations as ops

from deploy.walls import Wall, build, shared
from tenants.ids import new_id

BEARER = "using (token_hash = (select scope_secret()))"
SECRET = "t.token_hash = (select scope_secret())"

ABOVE_TENANTS = [
    shared(
        "integrations_provider_key",
        {"queue": "using ((select scope_is('queue')))"},
        rights="select, insert, update",
    ),
    shared(
        "integrations_authorization_request",
        {"secret": BEARER, "sweeping": "using ((select scope_is('queue')) and expires_at < now())"},
    ),
    """
    create unique index integrations_provider_key_kid_key on integrations_provider_key (purpose, kid);
    create unique index integrations_authorization_request_key on integrations_authorization_request (token_hash);
    create index integrations_authorization_request_expires_idx on integrations_authorization_request (expires_at);
    """,
]

TABLES = [
    Wall(
        "integrations_grant",
        extra={"person": "t.person_id = (select scope_person())", "queue": "true"},
        indexes=["installation_id where ended_at is null", "person_id where ended_at is null"],
    ),
    Wall(
        "integrations_token",
        refs={"grant_id": "integrations_grant"},
        extra={"secret": SECRET, "queue": "t.expires_at < now()"},
        indexes=["grant_id"],
        checks={"kind": "kind in ('code', 'access', 'refresh')"},
    ),
]

ACROSS = """
create unique index integrations_token_hash_key on integrations_token (token_hash);
create index integrations_grant_session_idx on integrations_grant (session_id) where ended_at is null;
create index integrations_grant_sid_idx on integrations_grant (sid) where ended_at is null;
create index integrations_grant_app_idx on integrations_grant (app_id) where ended_at is null;
create index integrations_grant_vendor_idx on integrations_grant (vendor_id) where ended_at is null;
create index integrations_grant_over_idx on integrations_grant (expires_at);
create index integrations_token_over_idx on integrations_token (expires_at);
"""

OPEN = """
create function provider_open(hash bytea) returns jsonb language plpgsql as $$
declare
  token record; family record; granted jsonb;
begin
  perform scope_set('secret', encode(hash, 'hex'));
  select * into token from integrations_token where token_hash = hash;
  if not found then return null; end if;
  perform scope_set('tenant', token.tenant_id::text);
  select * into family from integrations_grant where tenant_id = token.tenant_id and id = token.grant_id;
  if family.ended_at is null and family.expires_at > now() then
    granted := app_granted(family.client_id, token.tenant_id, family.person_id);
    perform scope_set('tenant', token.tenant_id::text);
  end if;
  return jsonb_build_object('token', to_jsonb(token) - 'token_hash', 'grant', to_jsonb(family), 'granted', granted);
end $$;
"""
"""From a token's hash to its row, its grant and what the tenant lets the app have now; the tenant's scope stays set."""


class Migration(migrations.Migration):
    dependencies = [("cloud", "0012_education")]
    operations = [
        ops.CreateModel(
            name="AuthorizationRequest",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ("created_at", fields.DatetimeField(db_default=Now(), auto_now=False, auto_now_add=False)),
                ("token_hash", fields.BinaryField()),
                ("client_id", fields.CharField(max_length=60)),
                ("parameters", fields.JSONField(encoder=JSON_DUMPS, decoder=loads)),
                ("is_pushed", fields.BooleanField()),
                ("trips", fields.SmallIntField(db_default=0)),
                ("started_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("expires_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("used_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "integrations_authorization_request",
                "app": "cloud",
                "pk_attr": "id",
                "table_description": "An authorization request that waits: pushed by an app, or put aside while the person is at their bank.",
            },
            bases=["Row"],
        ),
        ops.CreateModel(
            name="Grant",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ("created_at", fields.DatetimeField(db_default=Now(), auto_now=False, auto_now_add=False)),
                ("tenant_id", fields.UUIDField()),
                ("session_id", fields.UUIDField()),
                ("person_id", fields.UUIDField()),
                ("installation_id", fields.UUIDField()),
                ("app_id", fields.UUIDField()),
                ("vendor_id", fields.UUIDField()),
                ("client_id", fields.CharField(max_length=60)),
                ("subject", fields.CharField(max_length=64)),
                ("sid", fields.CharField(max_length=64)),
                ("scope", fields.CharField(max_length=1000)),
                ("claims", fields.JSONField(encoder=JSON_DUMPS, decoder=loads)),
                ("context", fields.JSONField(encoder=JSON_DUMPS, decoder=loads)),
                ("level", fields.SmallIntField()),
                ("method", fields.CharField(max_length=20)),
                ("auth_time", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("key_thumbprint", fields.CharField(db_default="", max_length=64)),
                ("expires_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("ended_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("end_reason", fields.CharField(db_default="", max_length=30)),
                ("told_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "integrations_grant",
                "app": "cloud",
                "pk_attr": "id",
                "table_description": "One sign-on of a person into an app: the family of its code and tokens, which end together.",
            },
            bases=["TenantRow"],
        ),
        ops.CreateModel(
            name="ProviderKey",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ("created_at", fields.DatetimeField(db_default=Now(), auto_now=False, auto_now_add=False)),
                ("purpose", fields.CharField(max_length=10)),
                ("kid", fields.CharField(max_length=60)),
                ("secret", fields.BinaryField()),
                ("signs_from", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("signs_until", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("served_until", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "integrations_provider_key",
                "app": "cloud",
                "pk_attr": "id",
                "table_description": "A secret of the issuer, stored encrypted: a key that signs, or the salt of the pairwise subjects.",
            },
            bases=["Row"],
        ),
        ops.CreateModel(
            name="Token",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ("created_at", fields.DatetimeField(db_default=Now(), auto_now=False, auto_now_add=False)),
                ("tenant_id", fields.UUIDField()),
                ("grant_id", fields.UUIDField()),
                ("kind", fields.CharField(max_length=10)),
                ("token_hash", fields.BinaryField()),
                ("scope", fields.CharField(max_length=1000)),
                ("details", fields.JSONField(encoder=JSON_DUMPS, decoder=loads)),
                ("expires_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("spent_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "integrations_token",
                "app": "cloud",
                "pk_attr": "id",
                "table_description": "A code, access or refresh token of a grant: its hash, never itself. ``spent_at`` is set exactly once.",
            },
            bases=["TenantRow"],
        ),
        *(ops.RunSQL(sql) for sql in ABOVE_TENANTS),
        *(ops.RunSQL(build(wall)) for wall in TABLES),
        ops.RunSQL(ACROSS),
        ops.RunSQL(OPEN),
    ]
