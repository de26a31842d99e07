"""Walls of what a bank keeps: its own rows for itself, and to an institution what concerns it."""

from tortoise import migrations
from tortoise.migrations import operations as ops

from deploy.walls import shared

BANK = "using (bank_id = (select scope_bank()))"
TENANT = "for select using (tenant_id = (select scope_tenant()))"
OWN_WORK = "for update using (tenant_id = (select scope_tenant()))"

ABOVE_TENANTS = [
    shared(
        "tenants_bank_policy",
        {
            "bank": BANK,
            "tenant": "for select using (bank_id = (select bank_id from tenants_tenant where id = (select scope_tenant())))",
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
create policy own_branch on tenants_branch for select using (id = (select branch_id from tenants_tenant
  where id = (select scope_tenant())));
create policy branding on tenants_bank for update using (id = (select scope_bank()));
grant update (name, name_en, accent, logo_key) on tenants_bank to cloud_app;
"""

NAMES = """
create function plain_name(name text) returns text language sql immutable parallel safe as
  $$ select regexp_replace(lower(name), '[^[:alnum:]]', '', 'g') $$;
create index tenants_application_name_idx on tenants_application (bank_id, plain_name(legal_name));
create index tenants_application_uscc_idx on tenants_application (bank_id, uscc);
create index tenants_tenant_name_idx on tenants_tenant (bank_id, plain_name(name));
create index tenants_tenant_uscc_idx on tenants_tenant (bank_id, uscc);
create index tenants_tenant_branch_idx on tenants_tenant (bank_id, branch_id, status);
"""


class Migration(migrations.Migration):
    dependencies = [("cloud", "0015_bank_tables")]
    operations = [*(ops.RunSQL(sql) for sql in ABOVE_TENANTS), ops.RunSQL(READERS), ops.RunSQL(NAMES)]
