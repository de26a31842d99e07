"""Complaints between payers, institutions and their bank, and seals of the audit trail: tables and walls."""

from orjson import loads
from tortoise import fields, migrations
from tortoise.fields.data import JSON_DUMPS
from tortoise.fields.db_defaults import Now
from tortoise.migrations import operations as ops

from deploy.walls import Wall, append_only, build, policy, shared
from tenants.ids import new_id

OF_BANK = "t.bank_id = (select scope_bank())"
TABLES = [
    Wall(
        "billing_complaint",
        refs={
            "bill_id": "billing_bill",
            "payment_id": "billing_payment",
            "refund_id": "billing_refund",
            "repeat_of": "billing_complaint",
        },
        extra={"bank": OF_BANK},
        uniques=["number"],
        indexes=["created_at", "status, due_at"],
        checks={
            "by": "by in ('payer', 'tenant', 'caller')",
            "status": "status in ('received', 'working', 'waiting', 'answered', 'closed', 'withdrawn')",
            "outcome": "(outcome <> '') = (answered_at is not null)",
            "refund": "refund_minor is null or (refund_minor > 0 and payment_id is not null)",
        },
    ),
    Wall(
        "billing_complaint_message",
        refs={"complaint_id": "billing_complaint"},
        extra={"bank": OF_BANK},
        indexes=["complaint_id, created_at"],
    ),
]
READERS = """
create policy own on billing_complaint for select using (person_id = (select scope_person()));
create policy own on billing_complaint_message for select using (person_id = (select scope_person()));
create policy internal on billing_complaint_message as restrictive for select
  using (not is_internal or (select scope_is('bank')));
create index billing_complaint_bank_idx on billing_complaint (bank_id, status, due_at);
create index billing_complaint_branch_idx on billing_complaint (bank_id, branch_id, created_at);
create index billing_complaint_person_idx on billing_complaint (person_id, created_at) where person_id is not null;
create index billing_complaint_message_person_idx on billing_complaint_message (person_id)
  where person_id is not null;
"""
"""What the bank notes for itself nobody else reads, whatever another policy would let them see."""

PLACE = "place_id in ((select scope_tenant()), (select scope_bank()), (select scope_person()))"
QUEUE = "for select using ((select scope_is('queue')))"
BY_BANK = """for select using ((select scope_is('bank')) and exists (
  select 1 from tenants_tenant x where x.id = t.place_id and x.bank_id = (select scope_bank())))"""
SEALS = [
    shared("tenants_audit_seal", {"place": f"using ({PLACE})", "sealing": QUEUE}, rights="select, insert"),
    append_only("tenants_audit_seal"),
    shared("tenants_sealed_audit", {"place": f"using ({PLACE})", "sealing": QUEUE}, rights="select, insert"),
    append_only("tenants_sealed_audit"),
    shared(
        "tenants_audit_link",
        {
            "anyone": "for select using (true)",
            "adding": "for insert with check (bank_id = (select scope_bank()) or bank_id = (select home_bank()))",
        },
        rights="select, insert",
    ),
    append_only("tenants_audit_link"),
    """
    create unique index tenants_audit_seal_number_key on tenants_audit_seal (place_id, number);
    create unique index tenants_audit_seal_hash_key on tenants_audit_seal (hash);
    create unique index tenants_sealed_audit_position_key on tenants_sealed_audit (seal_id, position);
    create unique index tenants_audit_link_number_key on tenants_audit_link (bank_id, number);
    create unique index tenants_audit_link_seal_key on tenants_audit_link (seal_hash);
    create index tenants_audit_created_at_brin on tenants_audit using brin (created_at) with (pages_per_range = 32);
    create index tenants_audit_subject_idx on tenants_audit (subject_id) where subject_id is not null;
    create policy sealing on tenants_audit for select using ((select scope_is('queue')));
    """,
    policy("tenants_sealed_audit", "by_bank_seal", BY_BANK),
    policy("tenants_audit_seal", "by_bank_seal", BY_BANK),
]
"""A place's chain is its own; the bank reads the hashes of its institutions' seals, and everybody the bank's chain."""

UNIONS = """
create function has_members(bank uuid) returns boolean language plpgsql stable as $$
begin
  return exists (select 1 from tenants_bank m where m.union_id = bank);
end $$;
create policy joining on tenants_bank for insert with check (union_id = (select scope_bank())
  and (select has_members(scope_bank())));
grant insert on tenants_bank to cloud_app;
"""
"""A union takes banks in; nobody becomes a union by itself."""

TOUCHED = """
create function touching() returns uuid[] language sql stable as $$
  select array_agg(x.id) from (
    select scope_person() id
    union select h.id from tenants_holder h where h.person_id = scope_person()
    union select h.account_id from tenants_holder h where h.person_id = scope_person() and h.confirmed_at is not null
    union select m.id from tenants_membership m where m.person_id = scope_person()
    union select b.id from tenants_bank_membership b where b.person_id = scope_person()
    union select c.id from billing_complaint c where c.person_id = scope_person()
    union select r.id from tenants_person_request r where r.person_id = scope_person()
    union select p.id from billing_payment p where p.person_id = scope_person()
    union select f.id from billing_refund f join billing_payment p on p.tenant_id = f.tenant_id and p.id = f.payment_id
      where p.person_id = scope_person()
  ) x $$;
drop policy touched on tenants_audit;
create policy touched on tenants_audit for select using (
  subject_id = any ((select case when scope_is('person') then touching() end)::uuid[]));
"""
"""A person reads what was done about them: their accounts, roles, complaints, requests, payments and refunds."""

SEARCH = """
create table tenants_search (
  bank_id uuid not null, tenant_id uuid not null, suffix text collate "C" not null,
  primary key (bank_id, suffix, tenant_id));
create index tenants_search_tenant_idx on tenants_search (tenant_id);
create function search_words(t tenants_tenant) returns text language sql immutable parallel safe as
  $$ select lower(t.name || ' ' || t.short_name || ' ' || t.uscc) $$;
create function suffixes(words text) returns setof text language sql immutable parallel safe as $$
  select distinct substr(words, n, 8) from generate_series(1, length(words)) n where substr(words, n, 1) <> ' ' $$;
create function keep_search() returns trigger language plpgsql as $$
begin
  delete from tenants_search where tenant_id = new.id;
  insert into tenants_search (bank_id, tenant_id, suffix) select new.bank_id, new.id, suffixes(search_words(new));
  return null;
end $$;
create trigger tenants_tenant_searched after insert on tenants_tenant for each row execute function keep_search();
create trigger tenants_tenant_renamed after update of bank_id, name, short_name, uscc on tenants_tenant for each row
  when ((old.bank_id, old.name, old.short_name, old.uscc) is distinct from
        (new.bank_id, new.name, new.short_name, new.uscc)) execute function keep_search();
alter table tenants_tenant no force row level security;
insert into tenants_search (bank_id, tenant_id, suffix)
  select t.bank_id, t.id, s from tenants_tenant t, lateral suffixes(search_words(t)) s;
alter table tenants_tenant force row level security;
drop index tenants_tenant_grams_idx;
drop function grams(text);
"""
"""Every place at which a word of an institution's names begins or goes on, for the bank's search.

Under row-level security PostgreSQL uses an index only for operators that tell nothing (leakproof): those of plain
text in the C collation are, those of arrays, patterns and trigrams are not. So a search is a range of this key.
"""
REVIEWS = (
    shared(
        "tenants_tenant_review", {"bank": "using (bank_id = (select scope_bank()))"}, rights="select, insert"
    )
    + " create index tenants_tenant_review_idx on tenants_tenant_review (bank_id, tenant_id);"
    " create index tenants_tenant_review_due_idx on tenants_tenant (bank_id, review_on)"
    " where status in ('live', 'suspended');"
    " alter table tenants_tenant add constraint tenants_tenant_risk_check check (risk in ('low', 'standard', 'high'));"
)
SEARCHED = shared(
    "tenants_search",
    {
        "bank": "using (bank_id = (select scope_bank()))",
        "tenant": "using (tenant_id = (select scope_tenant()))",
    },
)


class Migration(migrations.Migration):
    dependencies = [("cloud", "0028_agencies")]

    operations = [
        ops.CreateModel(
            name="AuditLink",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ("created_at", fields.DatetimeField(db_default=Now(), auto_now=False, auto_now_add=False)),
                ("bank_id", fields.UUIDField()),
                ("number", fields.IntField()),
                ("seal_hash", fields.BinaryField()),
                ("previous", fields.BinaryField()),
                ("hash", fields.BinaryField()),
                ("key_id", fields.CharField(max_length=16)),
                ("signature", fields.BinaryField()),
                ("sealed_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "tenants_audit_link",
                "app": "cloud",
                "pk_attr": "id",
                "table_description": "A bank's chain: one link for each seal of its own trail or an institution's. Hashes alone, for all to see.",
            },
            bases=["Row"],
        ),
        ops.CreateModel(
            name="AuditSeal",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ("created_at", fields.DatetimeField(db_default=Now(), auto_now=False, auto_now_add=False)),
                ("place_kind", fields.CharField(max_length=10)),
                ("place_id", fields.UUIDField()),
                ("number", fields.IntField()),
                ("row_count", fields.IntField()),
                ("root", fields.BinaryField()),
                ("previous", fields.BinaryField()),
                ("hash", fields.BinaryField()),
                ("key_id", fields.CharField(max_length=16)),
                ("signature", fields.BinaryField()),
                ("sealed_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "tenants_audit_seal",
                "app": "cloud",
                "pk_attr": "id",
                "table_description": "A batch of one place's rows under one Merkle root, chained to the batch before and signed; append-only.",
            },
            bases=["Row"],
        ),
        ops.CreateModel(
            name="Complaint",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ("created_at", fields.DatetimeField(db_default=Now(), auto_now=False, auto_now_add=False)),
                ("tenant_id", fields.UUIDField()),
                ("bank_id", fields.UUIDField()),
                ("branch_id", fields.UUIDField()),
                ("desk_id", fields.UUIDField()),
                ("number", fields.CharField(max_length=20)),
                ("kind", fields.CharField(max_length=20)),
                ("by", fields.CharField(max_length=10)),
                ("person_id", fields.UUIDField(null=True)),
                ("person_name", fields.CharField(max_length=100)),
                ("contact", fields.CharField(db_default="", max_length=200)),
                ("summary", fields.CharField(max_length=150)),
                ("bill_id", fields.UUIDField(null=True)),
                ("payment_id", fields.UUIDField(null=True)),
                ("number_about", fields.CharField(db_default="", max_length=40)),
                ("currency", fields.CharField(db_default="", max_length=3)),
                ("amount_minor", fields.BigIntField(null=True)),
                ("status", fields.CharField(db_default="received", max_length=10)),
                ("due_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("escalation", fields.SmallIntField(db_default=0)),
                ("escalated_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("assigned_to", fields.UUIDField(null=True)),
                ("assigned_to_name", fields.CharField(db_default="", max_length=100)),
                ("outcome", fields.CharField(db_default="", max_length=12)),
                ("answered_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("answered_by_name", fields.CharField(db_default="", max_length=100)),
                ("closed_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("refund_minor", fields.BigIntField(null=True)),
                ("refund_id", fields.UUIDField(null=True)),
                ("reopened", fields.SmallIntField(db_default=0)),
                ("repeat_of", fields.UUIDField(null=True)),
            ],
            options={
                "table": "billing_complaint",
                "app": "cloud",
                "pk_attr": "id",
                "table_description": "What somebody complains about, as the bank, the institution and whoever complains see it together.",
            },
            bases=["TenantRow"],
        ),
        ops.CreateModel(
            name="ComplaintMessage",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ("created_at", fields.DatetimeField(db_default=Now(), auto_now=False, auto_now_add=False)),
                ("tenant_id", fields.UUIDField()),
                ("bank_id", fields.UUIDField()),
                ("complaint_id", fields.UUIDField()),
                ("person_id", fields.UUIDField(null=True)),
                ("side", fields.CharField(max_length=10)),
                ("name", fields.CharField(max_length=100)),
                ("text", fields.TextField(unique=False)),
                ("files", fields.JSONField(encoder=JSON_DUMPS, decoder=loads)),
                ("is_internal", fields.BooleanField(db_default=False)),
            ],
            options={
                "table": "billing_complaint_message",
                "app": "cloud",
                "pk_attr": "id",
                "table_description": "One message of a complaint, with its files. An internal one is the bank's own: nobody else ever reads it.",
            },
            bases=["TenantRow"],
        ),
        ops.CreateModel(
            name="SealedAudit",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ("created_at", fields.DatetimeField(db_default=Now(), auto_now=False, auto_now_add=False)),
                ("place_id", fields.UUIDField()),
                ("seal_id", fields.UUIDField()),
                ("position", fields.IntField()),
                ("leaf", fields.BinaryField()),
            ],
            options={
                "table": "tenants_sealed_audit",
                "app": "cloud",
                "pk_attr": "id",
                "table_description": "Which seal a row of the trail is in, and where; ``id`` is the row's own, so that none is ever sealed twice.",
            },
            bases=["Row"],
        ),
        ops.CreateModel(
            name="TenantReview",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ("created_at", fields.DatetimeField(db_default=Now(), auto_now=False, auto_now_add=False)),
                ("bank_id", fields.UUIDField()),
                ("tenant_id", fields.UUIDField()),
                ("outcome", fields.CharField(max_length=20)),
                ("note", fields.TextField(unique=False)),
                ("risk_before", fields.CharField(max_length=10)),
                ("risk_after", fields.CharField(max_length=10)),
                ("next_on", fields.DateField()),
                ("request_id", fields.UUIDField(null=True)),
                ("reviewed_by", fields.UUIDField(null=True)),
                ("reviewed_by_name", fields.CharField(max_length=100)),
            ],
            options={
                "table": "tenants_tenant_review",
                "app": "cloud",
                "pk_attr": "id",
                "table_description": "Somebody of the bank looked at an institution again: what came of it, and when the next time is.",
            },
            bases=["Row"],
        ),
        ops.AddField(
            model_name="Tenant",
            name="risk",
            field=fields.CharField(db_default="standard", max_length=10),
        ),
        *(ops.RunSQL(build(wall)) for wall in TABLES),
        ops.RunSQL(READERS),
        *(ops.RunSQL(sql) for sql in SEALS),
        ops.RunSQL(TOUCHED),
        ops.RunSQL(UNIONS),
        ops.RunSQL(SEARCH),
        ops.RunSQL(SEARCHED),
        ops.RunSQL(REVIEWS),
    ]
