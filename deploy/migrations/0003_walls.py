"""Every table's walls: keys led by the tenant, row-level security, policies, grants, constraints."""

from tortoise import migrations
from tortoise.migrations import operations as ops

from deploy.walls import Wall, append_only, build, holds, shared

OWN = "t.person_id = (select scope_person())"
BY_LINK = "t.link_bill_id = (select scope_link_bill())"
BEARER = "using (token_hash = (select scope_secret()))"
RUN_OUT = "using ((select scope_is('queue')) and expires_at < now())"
SECRET = "t.token_hash = (select scope_secret())"

HOME = """
create function home_bank() returns uuid language plpgsql stable parallel safe as
  $$ begin return (select x.bank_id from tenants_tenant x where x.id = scope_tenant()); end $$;
"""
"""The bank of the scope's tenant."""

ABOVE_TENANTS = [
    HOME,
    shared("tenants_bank", {"anyone": "for select using (true)"}, rights="select"),
    shared("tenants_branch", {"bank": "using (bank_id = (select scope_bank()))"}),
    shared(
        "tenants_tenant",
        {
            "reading": "for select using (id = any ((select scope_tenants())::uuid[])"
            " or bank_id = (select scope_bank()) or ((select scope_is('person')) and exists (select 1 from"
            " tenants_membership m where m.tenant_id = t.id and m.person_id = (select scope_person())"
            " and m.ended_at is null)))",
            "adding": "for insert with check (bank_id = (select scope_bank()))",
            "changing": "for update using (id = (select scope_tenant()) or bank_id = (select scope_bank()))",
        },
        rights="select, insert, update",
    ),
    shared("tenants_application", {"bank": "using (bank_id = (select scope_bank()))"}),
    shared("tenants_application_document", {"bank": "using (bank_id = (select scope_bank()))"}),
    shared(
        "tenants_audit",
        {
            "reading": "for select using (tenant_id = (select scope_tenant()) or bank_id = (select scope_bank())"
            " or person_id = (select scope_person()))",
            "adding": "for insert with check (tenant_id = (select scope_tenant()) or bank_id = (select scope_bank())"
            " or (person_id = (select scope_person()) and tenant_id is null and bank_id is null))",
        },
        rights="select, insert",
    ),
    append_only("tenants_audit"),
    shared(
        "tenants_person", {"own": "using (id = (select scope_person()))"}, rights="select, insert, update"
    ),
    shared(
        "tenants_identity",
        {
            "own": "using (person_id = (select scope_person()))",
            "secret": "for select using (key_hash = (select scope_secret()))",
        },
        rights="select, insert, update",
    ),
    shared(
        "tenants_session",
        {
            "own": "using (person_id = (select scope_person()))",
            "secret": "for select using (token_hash = (select scope_secret()))",
            "provider": "for select using (provider_key = (select scope_secret()))",
            "logout": "for update using (provider_key = (select scope_secret()))",
        },
        rights="select, insert, update",
    ),
    shared("tenants_one_time_code", {"secret": BEARER, "sweeping": RUN_OUT}),
    shared("integrations_once", {"secret": BEARER, "sweeping": RUN_OUT}),
    shared("tenants_parked_form", {"own": "using (person_id = (select scope_person()))"}),
    shared(
        "tenants_bank_membership",
        {
            "bank": "using (bank_id = (select scope_bank()))",
            "own": "for select using (person_id = (select scope_person()))",
        },
    ),
    shared("integrations_bank_provider", {"bank": "using (bank_id = (select scope_bank()))"}),
    shared("billing_inbox_event", {"queue": "using ((select scope_is('queue')))"}),
    """
    alter table tenants_identity add constraint tenants_identity_issuer_key unique (issuer, subject);
    create unique index tenants_identity_key_hash_key on tenants_identity (key_hash);
    create index tenants_identity_person_idx on tenants_identity (person_id);
    create unique index tenants_session_token_hash_key on tenants_session (token_hash);
    create index tenants_session_person_idx on tenants_session (person_id);
    create index tenants_session_provider_idx on tenants_session (provider_key) where provider_key is not null;
    create unique index tenants_one_time_code_token_hash_key on tenants_one_time_code (token_hash);
    create index tenants_one_time_code_expires_idx on tenants_one_time_code (expires_at);
    create unique index integrations_once_token_hash_key on integrations_once (token_hash);
    create index integrations_once_expires_idx on integrations_once (expires_at);
    create unique index tenants_parked_form_token_hash_key on tenants_parked_form (token_hash);
    alter table tenants_branch add constraint tenants_branch_code_key unique (bank_id, code);
    create index tenants_tenant_bank_idx on tenants_tenant (bank_id, status);
    alter table tenants_application add constraint tenants_application_number_key unique (bank_id, number);
    create index tenants_application_status_idx on tenants_application (bank_id, status, created_at);
    create unique index tenants_application_open_key on tenants_application (bank_id, uscc, scenario)
      where status in ('draft', 'submitted', 'returned');
    create index tenants_application_document_idx on tenants_application_document (bank_id, application_id);
    create index tenants_audit_tenant_idx on tenants_audit (tenant_id, created_at desc) where tenant_id is not null;
    create index tenants_audit_bank_idx on tenants_audit (bank_id, created_at desc) where bank_id is not null;
    create index tenants_audit_person_idx on tenants_audit (person_id, created_at desc);
    create unique index tenants_bank_membership_key on tenants_bank_membership (bank_id, person_id, role)
      where ended_at is null;
    create index tenants_bank_membership_person_idx on tenants_bank_membership (person_id);
    create unique index integrations_bank_provider_key on integrations_bank_provider (bank_id) where is_active;
    create unique index billing_inbox_event_key on billing_inbox_event (source, event_id);
    create index billing_inbox_event_due_idx on billing_inbox_event (due_at)
      where handled_at is null and discarded_at is null and parked_at is null;
    """,
]

PEOPLE = [
    Wall(
        "tenants_account",
        person=holds("t.id"),
        uniques=["scenario, number"],
        indexes=["sort_key, number", "place"],
    ),
    Wall(
        "tenants_holder",
        refs={"account_id": "tenants_account"},
        extra={"person": OWN, "secret": "t.code_hash = (select scope_secret())"},
        uniques=["account_id, relation, name"],
        indexes=["account_id, person_id", "email"],
        checks={"span": "until is null or since is null or until >= since"},
    ),
    Wall(
        "tenants_role",
        uniques=["key"],
        checks={"limit": "refund_limit_minor >= 0 and adjustment_limit_minor >= 0"},
    ),
    Wall(
        "tenants_membership",
        refs={"role_id": "tenants_role"},
        extra={"person": OWN},
        uniques=["person_id, role_id where ended_at is null"],
    ),
    Wall(
        "tenants_invitation",
        refs={"role_id": "tenants_role"},
        extra={"secret": SECRET},
        indexes=["created_at"],
    ),
]

WORK = [
    Wall(
        "tenants_outbox",
        extra={"queue": "true"},
        indexes=["created_at", "due_at where done_at is null and failed_at is null"],
    ),
    Wall("tenants_task", indexes=["created_at"], checks={"progress": "done >= 0 and total >= 0"}),
    Wall("tenants_notice", person=OWN, indexes=["created_at", "account_id"]),
    Wall("tenants_import", indexes=["created_at"]),
    Wall(
        "tenants_import_row",
        refs={"import_id": "tenants_import"},
        uniques=["import_id, number"],
    ),
    Wall("tenants_idempotency", uniques=["key"], indexes=["created_at"]),
    Wall("community_building", uniques=["code"]),
    Wall(
        "community_unit",
        refs={"account_id": "tenants_account", "building_id": "community_building"},
        uniques=["account_id"],
        indexes=["building_id"],
    ),
]

ACROSS = """
create index tenants_holder_person_idx on tenants_holder (person_id, tenant_id) where person_id is not null;
create unique index tenants_holder_code_key on tenants_holder (code_hash) where code_hash is not null;
create index tenants_membership_person_idx on tenants_membership (person_id) where ended_at is null;
create unique index tenants_invitation_token_key on tenants_invitation (token_hash);
create index tenants_outbox_waiting_idx on tenants_outbox (due_at) where done_at is null and failed_at is null;
"""


class Migration(migrations.Migration):
    dependencies = [("cloud", "0002_scope")]
    operations = [
        *(ops.RunSQL(sql) for sql in ABOVE_TENANTS),
        *(ops.RunSQL(build(wall)) for wall in [*PEOPLE, *WORK]),
        ops.RunSQL(ACROSS),
    ]
