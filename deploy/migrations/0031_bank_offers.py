"""What a bank gives its institutions: its logo, ways to pay, its fee and limits, templates, apps and rules to take."""

from tortoise import fields, migrations
from tortoise.migrations import operations as ops

from deploy.columns import document, row, tenant_row
from deploy.walls import Wall, build, policy, shared

LOGO = """
do $do$
declare was text := pg_get_functiondef('enter(bytea,text,text)'::regprocedure);
declare known text := 'b.accent bank_accent into tenant';
begin
  if strpos(was, known) = 0 then
    raise exception 'enter() is not as expected';
  end if;
  execute replace(was, known, 'b.accent bank_accent, b.logo_key bank_logo into tenant');
end $do$;
"""
"""Whoever comes into an institution learns its bank's logo in the same breath as its name and colour."""


HOME = """
create or replace function home_bank() returns uuid language plpgsql stable parallel safe as $$
declare here uuid := scope_tenant();
begin
  if here is null then
    return null;
  end if;
  return (select x.bank_id from tenants_tenant x where x.id = here);
end $$;
create or replace function home_branch() returns uuid language plpgsql stable parallel safe as $$
declare here uuid := scope_tenant();
begin
  if here is null then
    return null;
  end if;
  return (select x.branch_id from tenants_tenant x where x.id = here);
end $$;
"""
"""Nothing is read where no institution is in scope: a bank's own pages must not pay for how many institutions it has."""
BANK = "using (bank_id = (select scope_bank()))"
MY_BANK = "(select home_bank())"
TERMS = (
    shared(
        "billing_bank_terms",
        {"bank": BANK, "tenant": f"for select using (status = 'in_force' and bank_id = {MY_BANK})"},
        rights="select, insert, update",
    )
    + """
    create unique index billing_bank_terms_number_key on billing_bank_terms (bank_id, number);
    create unique index billing_bank_terms_force_key on billing_bank_terms (bank_id) where status = 'in_force';
    create unique index billing_bank_terms_asked_key on billing_bank_terms (bank_id) where status = 'asked';
    alter table billing_bank_terms add constraint billing_bank_terms_two_check
      check (decided_by is null or status = 'refused' or decided_by <> asked_by);
    """
)
"""One version of a bank is in force and one at most waits; nobody puts into force what they asked for themselves."""


TABLES = [
    row(
        "BankTermsVersion",
        "billing_bank_terms",
        "One version of a bank's terms: asked for by one person, decided by another, in force until the next.",
        bank_id=fields.UUIDField(),
        number=fields.IntField(),
        status=fields.CharField(db_default="asked", max_length=20),
        document=document(),
        reason=fields.TextField(unique=False),
        asked_by=fields.UUIDField(),
        asked_by_name=fields.CharField(max_length=100),
        decided_by=fields.UUIDField(null=True),
        decided_by_name=fields.CharField(db_default="", max_length=100),
        decided_at=fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
        decision_reason=fields.TextField(db_default="", unique=False),
        ended_at=fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
    ),
    row(
        "BankOffer",
        "tenants_bank_offer",
        "One version of a template, an app or a rule that a bank (or a union) offers to the level beneath.",
        bank_id=fields.UUIDField(),
        kind=fields.CharField(max_length=20),
        key=fields.CharField(max_length=60),
        number=fields.IntField(),
        status=fields.CharField(db_default="draft", max_length=20),
        names=document(),
        scenario=fields.CharField(db_default="", max_length=30),
        content=document(),
        subject_id=fields.UUIDField(null=True),
        note=fields.CharField(db_default="", max_length=300),
        valid_from=fields.DateField(null=True),
        origin=document(null=True),
        made_by_name=fields.CharField(max_length=100),
        published_at=fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
        published_by_name=fields.CharField(db_default="", max_length=100),
        withdrawn_at=fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
    ),
    tenant_row(
        "OfferTaking",
        "tenants_offer_taking",
        "An institution has taken a version of an offer: a copy, with where it comes from and what was made of it here.",
        bank_id=fields.UUIDField(),
        offer_id=fields.UUIDField(),
        kind=fields.CharField(max_length=20),
        key=fields.CharField(max_length=60),
        number=fields.IntField(),
        names=document(),
        content=document(),
        origin=document(),
        result=document(),
        taken_by_name=fields.CharField(max_length=100),
        replaced_at=fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
    ),
]


OFFERS = (
    shared(
        "tenants_bank_offer",
        {
            "bank": BANK,
            "of_union": "for select using (status = 'published' and bank_id = (select union_id from tenants_bank"
            " where id = (select scope_bank())))",
            "tenant": f"for select using (status = 'published' and bank_id = {MY_BANK})",
        },
        rights="select, insert, update",
    )
    + """
    create unique index tenants_bank_offer_number_key on tenants_bank_offer (bank_id, kind, key, number);
    create unique index tenants_bank_offer_draft_key on tenants_bank_offer (bank_id, kind, key) where status = 'draft';
    create index tenants_bank_offer_subject_idx on tenants_bank_offer (subject_id) where subject_id is not null;
    alter table tenants_bank_offer add constraint tenants_bank_offer_status_check
      check (status in ('draft', 'published', 'withdrawn', 'dropped') and kind in ('template', 'app', 'rule')
             and (status <> 'published' or valid_from is not null));
    create function keep_published() returns trigger language plpgsql as $$
    begin
      if old.status <> 'draft' and (old.content, old.names, old.number, old.valid_from)
          is distinct from (new.content, new.names, new.number, new.valid_from) then
        raise exception 'a published offer never changes' using errcode = 'restrict_violation';
      end if;
      return new;
    end $$;
    create trigger tenants_bank_offer_kept before update on tenants_bank_offer
      for each row execute function keep_published();
    """
)
"""The level beneath sees what is published; what is published never changes, whoever asks."""
TAKINGS = (
    build(
        Wall(
            "tenants_offer_taking",
            uniques=["kind, key where replaced_at is null"],
            indexes=["created_at"],
        )
    )
    + policy("tenants_offer_taking", "of_bank", "for select using (t.bank_id = (select scope_bank()))")
    + " create index tenants_offer_taking_bank_idx on tenants_offer_taking (bank_id, kind, key)"
    " where replaced_at is null;"
)


def _offered(table: str, state: str, offered: str, taken: str, subject: str) -> str:
    """Return the policy by which an app's rows are there for who sees it offered, and for who has taken it."""
    return policy(
        table,
        "offered",
        f"for select using ({state} and ("
        f"exists (select 1 from tenants_bank_offer o where o.kind = 'app' and {offered} = {subject})"
        " or exists (select 1 from tenants_offer_taking k where k.tenant_id = scope_tenant() and k.kind = 'app'"
        f" and (k.content ->> '{taken}')::uuid = {subject})))",
    )


APPS = (
    _offered("integrations_app", "t.status = 'listed'", "o.subject_id", "app_id", "t.id")
    + _offered(
        "integrations_app_version",
        "t.status in ('listed', 'replaced', 'suspended')",
        "o.subject_id",
        "app_id",
        "t.app_id",
    )
    + _offered(
        "integrations_vendor",
        "t.status = 'admitted'",
        "(o.content ->> 'vendor_id')::uuid",
        "vendor_id",
        "t.id",
    )
    + "drop policy of_bank on integrations_installation;"
    + policy(
        "integrations_installation",
        "of_bank",
        "for select using ((select scope_is('bank')) and exists (select 1 from tenants_tenant x"
        " where x.id = t.tenant_id and x.bank_id = scope_bank()))",
    ).replace("integrations_installation_of_bank_0", "installed_in_bank")
)
"""An app of the union's vendors is there for a bank that sees it offered, and for the bank's institutions once the bank
offers it on; who has taken it keeps it. A bank sees what its own institutions use, and a union nothing beneath."""
COLLEAGUES = policy(
    "tenants_bank_membership",
    "of_union",
    "for select using (t.bank_id = (select union_id from tenants_bank where id = (select scope_bank()))"
    " and t.ended_at is null and t.role in ('union_supervisor', 'operations', 'auditor'))",
)
"""A bank sees by name for whom of its union it can open a support access; the union sees nobody of the bank's."""
LISTED = """
create index tenants_tenant_newest_idx on tenants_tenant (bank_id, live_at desc nulls last, id);
create index tenants_tenant_oldest_idx on tenants_tenant (bank_id, live_at nulls last, id);
"""
"""The list of institutions in either order of when they went live, page by page; by name there is one already."""


class Migration(migrations.Migration):
    dependencies = [("cloud", "0030_neighbourhood")]

    operations = [
        ops.RunSQL(LOGO),
        ops.RunSQL(HOME),
        *TABLES,
        ops.RunSQL(TERMS),
        ops.RunSQL(OFFERS),
        ops.RunSQL(TAKINGS),
        ops.RunSQL(APPS),
        ops.RunSQL(COLLEAGUES),
        ops.RunSQL(LISTED),
    ]
