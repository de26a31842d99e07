"""What PostgreSQL itself says about our tables: every one is walled in, or on a short list with its reason."""

import re

import pytest
from tortoise import Tortoise

APPLICATION = "cloud_app"

ABOVE_TENANTS = {
    "tenants_bank": "banks are public names that brand every page",
    "tenants_branch": "belongs to a bank, scoped by bank_id",
    "tenants_tenant": "the directory itself: its id is the tenant",
    "tenants_application": "belongs to a bank until there is a tenant",
    "tenants_application_document": "belongs to a bank's application",
    "billing_checkout": "a person's own: what they pay to several institutions in one go",
    "tenants_application_person": "belongs to a bank's application",
    "tenants_document_request": "belongs to a bank's application; an institution reads its own",
    "tenants_account_proof": "belongs to a bank's application",
    "tenants_bank_policy": "belongs to a bank; its institutions read it",
    "tenants_bank_offer": "belongs to a bank; the level beneath reads what it has published",
    "tenants_offer_reach": "belongs to a bank; its union reads it",
    "billing_bank_terms": "belongs to a bank; its institutions read what is in force",
    "tenants_bank_request": "belongs to a bank; an institution reads what is asked about it",
    "tenants_gate_check": "belongs to a bank; an institution passes its own",
    "tenants_tenant_move": "belongs to a bank",
    "billing_risk_rule": "belongs to a bank",
    "billing_risk_alert": "belongs to a bank; the institution does not see what it is watched for",
    "billing_risk_watch": "belongs to a bank; the institution's own refunds ask it",
    "billing_risk_hold": "belongs to a bank; the institution sees what waits",
    "billing_app_use": "roll-ups of an institution, read by its bank",
    "billing_app_figure": "sums of a branch, read by its bank and its union",
    "billing_payout_hold": "belongs to a bank; the institution sees what is held of its own",
    "billing_risk_trial": "belongs to a bank",
    "billing_complaint_terms": "belongs to a bank; its institutions and whoever complains are held to them",
    "tenants_consent": "belongs to a person",
    "billing_day_figure": "roll-ups of an institution, read by its bank",
    "billing_standing": "roll-ups of an institution, read by its bank",
    "billing_branch_figure": "sums of a branch, read by its bank and its union",
    "billing_branch_standing": "sums of a branch, read by its bank and its union",
    "tenants_tenant_count": "counts of a branch, read by its bank and its union",
    "tenants_live_count": "counts of a branch, read by its bank",
    "billing_next_action": "belongs to a bank",
    "tenants_support_access": "belongs to a bank; an institution reads and ends those to itself",
    "tenants_bulk_file": "belongs to a bank",
    "tenants_bulk_row": "belongs to a bank",
    "tenants_isolation_report": "what the last proofs of isolation came to; everybody reads it",
    "tenants_audit": "bank staff's acts have a bank, tenants' acts a tenant, some both",
    "tenants_search": "beginnings of institutions' names, for their bank's search",
    "tenants_tenant_review": "belongs to a bank",
    "tenants_audit_seal": "belongs to whoever the sealed rows belong to",
    "tenants_sealed_audit": "belongs to whoever the sealed rows belong to",
    "tenants_audit_link": "hashes of a bank's seals, published for everybody",
    "tenants_person": "a person is nobody's but their own",
    "tenants_identity": "belongs to a person",
    "tenants_session": "belongs to a person",
    "tenants_one_time_code": "belongs to an address before anybody is known",
    "tenants_parked_form": "belongs to a person",
    "tenants_bank_membership": "belongs to a bank",
    "integrations_bank_provider": "belongs to a bank",
    "integrations_vendor": "belongs to the bank that admits it",
    "integrations_vendor_member": "belongs to a vendor",
    "integrations_app": "belongs to a vendor; listed by its bank",
    "integrations_app_version": "belongs to a vendor's app",
    "integrations_once": "a hash that was used up before anybody is known",
    "integrations_provider_key": "belongs to the issuer; only the queue scope sees it, encrypted",
    "integrations_authorization_request": "a request of an app before anybody, or any tenant, is known",
    "billing_bank_seal": "hashes of a bank's seals, published for everybody",
    "billing_inbox_event": "arrives before its tenant is known; only the queue scope sees it",
}
OPEN_TO_ALL = {"tenants_bank"}
"""Tables whose own policy costs nothing."""
MIGRATION_LEDGER = {"tortoise_migrations": "Tortoise's own list; the application role has no right to it"}
KEPT_BY_A_TRIGGER = {"tenants_search": "no code writes it, and an id would double it"}
KEYED_BY_A_SECRET = {
    "tenants_offer_taking_bank_idx": "what a bank's institutions have taken of its offers",
    "billing_complaint_bank_idx": "a bank's complaints about all its institutions",
    "billing_complaint_branch_idx": "a branch's complaints, for its scorecard",
    "billing_complaint_person_idx": "a person's complaints, across tenants",
    "billing_complaint_message_person_idx": "what was said in a person's complaints, across tenants",
    "education_applicant_person_idx": "a person's applications at every school",
    "hospital_department_screen_key": "found by the hash of a waiting room's secret address",
    "community_public_accounts_hash_key": "found by the hash of an estate's public word",
    "tenants_holder_person_idx": "a person's accounts across tenants",
    "tenants_holder_code_key": "found by the printed code's hash",
    "tenants_person_request_person_idx": "what a person has asked, across tenants",
    "billing_proxy_person_idx": "the accounts somebody may pay for, across tenants",
    "billing_proxy_code_key": "found by the hash of the code that was given",
    "tenants_membership_person_idx": "a person's places across tenants",
    "tenants_invitation_token_key": "found by the invitation's hash",
    "tenants_outbox_waiting_idx": "the dispatcher sweeps all tenants",
    "billing_receipt_verification_key": "found by the receipt code's hash",
    "billing_settlement_account_stripe_idx": "whose connected account a dispute is about",
    "integrations_installation_app_idx": "where an app is installed, for its vendor and its end",
    "integrations_installation_vendor_idx": "where a vendor's apps are installed",
    "integrations_launch_vendor_idx": "how often a vendor's apps are opened",
    "integrations_app_message_vendor_idx": "what a vendor's apps were told",
    "integrations_token_hash_key": "found by the token's hash",
    "integrations_grant_session_idx": "the apps that a signing out ends, across tenants",
    "integrations_grant_sid_idx": "what an app's own signing out ends",
    "integrations_grant_app_idx": "what ends with an app, across tenants",
    "integrations_grant_vendor_idx": "what ends with a vendor, across tenants",
    "integrations_grant_over_idx": "the sweep removes what has run out, of all tenants",
    "integrations_token_over_idx": "the sweep removes what has run out, of all tenants",
    "tourism_device_key_hash_key": "a gate's device is found by the hash of its key",
    "tourism_site_word_hash_key": "a site's page is found by the word in its address",
    "billing_entry_created_at_brin": "the sealer looks for new entries of all tenants",
}


async def tables(owner) -> dict[str, dict]:
    found = await owner.fetch(
        "select c.relname, c.relrowsecurity, c.relforcerowsecurity, pg_get_userbyid(c.relowner) owner,"
        " (select a.attnotnull from pg_attribute a where a.attrelid = c.oid and a.attname = 'tenant_id') tenant,"
        " (select count(*) from pg_policy p where p.polrelid = c.oid) policies"
        " from pg_class c join pg_namespace n on n.oid = c.relnamespace"
        " where c.relkind in ('r', 'p') and n.nspname = 'public'"
    )
    return {row["relname"]: dict(row) for row in found}


async def test_every_table_is_forced_behind_policies(owner):
    for name, table in (await tables(owner)).items():
        if name in MIGRATION_LEDGER:
            continue
        assert table["relrowsecurity"], name
        assert table["relforcerowsecurity"], name
        assert table["policies"] > 0, name
        assert name in ABOVE_TENANTS or table["tenant"] is True, f"{name}: tenant_id is missing or nullable"


async def test_the_short_list_names_only_tables_that_exist(owner):
    assert set(ABOVE_TENANTS) <= set(await tables(owner))


async def test_the_application_role_owns_nothing_and_cannot_bypass(owner):
    role = await owner.fetchrow("select * from pg_roles where rolname = $1", APPLICATION)
    powers = ("rolsuper", "rolbypassrls", "rolcreaterole", "rolcreatedb")
    assert [power for power in powers if role[power]] == []
    assert all(table["owner"] != APPLICATION for table in (await tables(owner)).values())
    rights = await owner.fetch(
        "select table_name from information_schema.role_table_grants"
        " where grantee = $1 and table_name = any ($2::text[])",
        APPLICATION,
        list(MIGRATION_LEDGER),
    )
    assert rights == []


async def test_the_owner_is_bound_by_policies_too(owner):
    role = await owner.fetchrow("select * from pg_roles where rolname = 'cloud_owner'")
    assert [power for power in ("rolsuper", "rolbypassrls") if role[power]] == []
    assert await owner.fetchval("select count(*) from tenants_role") == 0


async def test_the_tenant_leads_every_key_and_index(owner):
    found = await owner.fetch(
        "select t.relname, i.relname index, pg_get_indexdef(x.indexrelid, 1, true) first"
        " from pg_index x join pg_class i on i.oid = x.indexrelid join pg_class t on t.oid = x.indrelid"
        " join pg_namespace n on n.oid = t.relnamespace where n.nspname = 'public'"
    )
    skipped = {*ABOVE_TENANTS, *MIGRATION_LEDGER}
    wrong = [
        f"{row['index']} starts with {row['first']}"
        for row in found
        if row["relname"] not in skipped
        and row["first"] != "tenant_id"
        and row["index"] not in KEYED_BY_A_SECRET
    ]
    assert wrong == []


async def test_every_table_is_planned_for_large_tenants(owner):
    """Where one seemed to have one row, the check of a key that leads there would read all that it has."""
    found = await owner.fetch(
        "select c.relname, a.attstattarget from pg_attribute a join pg_class c on c.oid = a.attrelid"
        " where a.attname = 'tenant_id' and c.relkind = 'r' and c.relnamespace = 'public'::regnamespace"
    )
    assert [row["relname"] for row in found if row["attstattarget"] != 0] == []


async def test_functions_look_a_person_up_by_an_index(owner):
    """``= scope_person()`` is asked of each row of the institution; ``= (select scope_person())`` is looked up."""
    found = await owner.fetch(
        "select proname from pg_proc where pronamespace = 'public'::regnamespace"
        r" and prosrc ~ '= scope_person\(\)'"
    )
    assert [row["proname"] for row in found] == []


async def test_a_foreign_key_between_tenant_tables_carries_the_tenant(owner):
    found = await owner.fetch(
        "select conname, pg_get_constraintdef(oid) as rule from pg_constraint where contype = 'f'"
    )
    assert found
    assert [r["conname"] for r in found if not r["rule"].startswith("FOREIGN KEY (tenant_id, ")] == []


async def test_no_policy_is_open_to_writing_by_payers_and_links(owner):
    found = await owner.fetch(
        "select polrelid::regclass::text as name, polname, polcmd::text as cmd,"
        " coalesce(pg_get_expr(polqual, polrelid), '') || coalesce(pg_get_expr(polwithcheck, polrelid), '') rule"
        " from pg_policy"
    )
    open_to_links = [
        f"{r['name']}.{r['polname']}" for r in found if r["cmd"] != "r" and "'link'" in r["rule"]
    ]
    assert open_to_links == []


async def test_no_policy_brings_another_tables_policies_into_every_plan(owner):
    """Written out, such a look makes each plan of the table many times as dear: ``walls.policy`` asks a function."""
    found = await owner.fetch(
        "select tablename, policyname, coalesce(qual, '') || coalesce(with_check, '') rule from pg_policies"
    )
    looks = {(r["tablename"], r["policyname"]): re.findall(r"FROM \(*(\w+)", r["rule"]) for r in found}
    assert {key: names for key, names in looks.items() if set(names) - OPEN_TO_ALL} == {}


async def test_the_models_and_the_catalogue_agree(owner, committed):
    columns = await owner.fetch(
        "select table_name, column_name, is_nullable from information_schema.columns where table_schema = 'public'"
    )
    there = {(c["table_name"], c["column_name"]): c["is_nullable"] == "YES" for c in columns}
    ours = {}
    for model in Tortoise.apps["cloud"].values():
        for field in model._meta.fields_map.values():
            if field.has_db_field:
                ours[model._meta.db_table, field.source_field or field.model_field_name] = field.null
    without = MIGRATION_LEDGER | KEPT_BY_A_TRIGGER
    assert {key: null for key, null in there.items() if key[0] not in without} == ours


@pytest.mark.parametrize(
    "table",
    [
        *("tenants_audit", "billing_allocation", "billing_receipt", "billing_entry", "billing_posting"),
        *("billing_seal", "billing_sealed_entry", "billing_bank_seal", "integrations_app_consent"),
    ],
)
async def test_proof_is_append_only(owner, table):
    triggers = await owner.fetch(
        "select tgname from pg_trigger where tgrelid = $1::regclass and not tgisinternal", table
    )
    assert {f"{table}_append_only", f"{table}_no_truncate"} <= {row["tgname"] for row in triggers}


async def test_the_catalogue_test_would_notice_an_open_table(owner):
    """A control: one dropped policy or wall must fail the checks above."""
    transaction = owner.transaction()
    await transaction.start()
    await owner.execute("alter table billing_bill no force row level security")
    assert not (await tables(owner))["billing_bill"]["relforcerowsecurity"]
    await owner.execute("create table billing_forgotten (id uuid primary key)")
    forgotten = (await tables(owner))["billing_forgotten"]
    assert not forgotten["relrowsecurity"]
    assert forgotten["tenant"] is None
    await transaction.rollback()
