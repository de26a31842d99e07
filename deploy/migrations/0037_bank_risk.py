"""Payouts on hold, devices that pay, thresholds tried, and a bank's own days to answer a complaint."""

from tortoise import fields, migrations
from tortoise.migrations import operations as ops

from deploy.columns import document, moment, row
from deploy.walls import append_only, shared

BANK = "using (bank_id = (select scope_bank()))"
TENANT = "for select using (tenant_id = (select scope_tenant()))"
TELLING = "for update using (tenant_id = (select scope_tenant()))"
OF_MY_BANK = "for select using (bank_id = (select home_bank()))"
OF_MY_COMPLAINTS = "for select using (bank_id = any ((select complained_to())::uuid[]))"
COMPLAINED = """
create function complained_to() returns uuid[] language plpgsql stable parallel safe as $$
begin
  return case when scope_is('person') then
    (select array_agg(distinct c.bank_id) from billing_complaint c where c.person_id = scope_person()) end;
end $$;
"""
OF_UNION = (
    "for select using (bank_id in (select id from tenants_bank where union_id = (select scope_bank())))"
)
COUNTING = "using (bank_id = (select home_bank()))"
WALLS = [
    shared(
        "billing_payout_hold",
        {"bank": BANK, "tenant": TENANT, "telling": TELLING},
        rights="select, insert, update",
    ),
    shared("billing_risk_trial", {"bank": BANK}, rights="select, insert"),
    append_only("billing_risk_trial"),
    shared(
        "billing_complaint_terms",
        {"bank": BANK, "tenant": OF_MY_BANK, "complainant": OF_MY_COMPLAINTS},
        rights="select, insert",
    ),
    append_only("billing_complaint_terms"),
    """
    create unique index billing_payout_hold_open_key on billing_payout_hold (tenant_id) where status <> 'released';
    create unique index billing_payout_hold_number_key on billing_payout_hold (bank_id, number);
    create index billing_payout_hold_bank_idx on billing_payout_hold (bank_id, status, created_at);
    create index billing_payout_hold_tenant_idx on billing_payout_hold (tenant_id, created_at);
    alter table billing_payout_hold
      add constraint billing_payout_hold_status_check check (status in ('placing', 'held', 'releasing', 'released')),
      add constraint billing_payout_hold_two_check check (released_by is null or released_by is distinct from asked_by),
      add constraint billing_payout_hold_reason_check
        check ((status in ('releasing', 'released')) = (release_reason <> ''));
    create index billing_risk_trial_idx on billing_risk_trial (bank_id, key, created_at);
    create index billing_complaint_terms_idx on billing_complaint_terms (bank_id, created_at);
    create index billing_payment_device_idx on billing_payment (tenant_id, created_at) where device_mark is not null;
    """,
]
"""An institution reads what is held of its own; what a bank has tried and set is never changed afterwards."""


APPS = (
    shared("billing_app_use", {"bank": BANK, "tenant": "using (tenant_id = (select scope_tenant()))"})
    + shared(
        "billing_app_figure",
        {
            "bank": "for select using (bank_id = (select scope_bank()))",
            "of_union": OF_UNION,
            "tenant": COUNTING,
        },
    )
    + """
    create unique index billing_app_use_key on billing_app_use (tenant_id, app_id);
    create index billing_app_use_branch_idx on billing_app_use (bank_id, branch_id, app_id);
    create unique index billing_app_figure_key on billing_app_figure (bank_id, branch_id, scenario, day, app_id);
    create function note_app_use() returns trigger language plpgsql as $$
    begin
      if new.is_test or not scope_is('tenant') then return null; end if;
      insert into billing_app_use (id, tenant_id, bank_id, branch_id, app_id, name, is_active)
      select new_id(), t.id, t.bank_id, t.branch_id, new.app_id,
             coalesce((select a.name from integrations_app a where a.id = new.app_id), ''), new.status = 'active'
        from tenants_tenant t where t.id = new.tenant_id
      on conflict (tenant_id, app_id) do update set is_active = excluded.is_active;
      return null;
    end $$;
    create trigger integrations_installation_used after insert or update of status on integrations_installation
      for each row execute function note_app_use();
    create function count_launch() returns trigger language plpgsql as $$
    begin
      with used as (
        update billing_app_use u set opened_at = now() from integrations_installation i
         where i.tenant_id = new.tenant_id and i.id = new.installation_id and not i.is_test
           and u.tenant_id = new.tenant_id and u.app_id = i.app_id
        returning u.bank_id, u.branch_id, u.app_id, u.name)
      insert into billing_app_figure as f (id, bank_id, branch_id, scenario, app_id, name, day, opened)
      select new_id(), used.bank_id, used.branch_id, coalesce(t.scenarios[1], ''), used.app_id, used.name,
             day_in(t.timezone), 1
        from used, tenants_tenant t where t.id = new.tenant_id
      on conflict (bank_id, branch_id, scenario, day, app_id) do update set opened = f.opened + 1;
      return null;
    end $$;
    create trigger integrations_launch_counted after insert on integrations_launch
      for each row when (new.outcome <> 'down') execute function count_launch();
    """
)
"""What apps are used, kept as it happens."""
_READ = (
    "tenants_tenant",
    "integrations_installation",
    "integrations_launch",
    "integrations_app",
    "billing_app_use",
)
INSTALLED = (
    "".join(f"alter table {table} no force row level security;" for table in _READ)
    + """
    insert into billing_app_use (id, tenant_id, bank_id, branch_id, app_id, name, is_active, opened_at, created_at)
    select distinct on (i.tenant_id, i.app_id) new_id(), t.id, t.bank_id, t.branch_id, a.id, a.name,
           i.status = 'active', (select max(l.created_at) from integrations_launch l
             where l.tenant_id = i.tenant_id and l.installation_id = i.id), i.created_at
      from integrations_installation i join tenants_tenant t on t.id = i.tenant_id
      join integrations_app a on a.id = i.app_id
     where not i.is_test order by i.tenant_id, i.app_id, i.created_at desc;
    """
    + "".join(f"alter table {table} force row level security;" for table in _READ)
)
"""What was installed before."""


TABLES = [
    row(
        "PayoutHold",
        "billing_payout_hold",
        "What channels would pay out to an institution stays with them, until somebody else lets it go.",
        tenant_id=fields.UUIDField(),
        bank_id=fields.UUIDField(),
        branch_id=fields.UUIDField(),
        alert_id=fields.UUIDField(null=True),
        number=fields.CharField(max_length=20),
        reason=fields.TextField(unique=False),
        status=fields.CharField(db_default="placing", max_length=10),
        legs=document(),
        asked_by=fields.UUIDField(null=True),
        asked_by_name=fields.CharField(max_length=100),
        held_at=moment(),
        released_by=fields.UUIDField(null=True),
        released_by_name=fields.CharField(db_default="", max_length=100),
        release_reason=fields.TextField(db_default="", unique=False),
        ended_at=moment(),
    ),
    row(
        "RiskTrial",
        "billing_risk_trial",
        "Thresholds tried on the past year: what they would have said. None come into force untried.",
        bank_id=fields.UUIDField(),
        key=fields.CharField(max_length=30),
        thresholds=document(),
        institutions=fields.IntField(),
        alerts=fields.IntField(),
        tried_by_name=fields.CharField(max_length=100),
    ),
    row(
        "AppUse",
        "billing_app_use",
        "One app at one institution: since when, whether it is in use, and when somebody opened it last.",
        tenant_id=fields.UUIDField(),
        bank_id=fields.UUIDField(),
        branch_id=fields.UUIDField(),
        app_id=fields.UUIDField(),
        name=fields.CharField(max_length=100),
        is_active=fields.BooleanField(db_default=True),
        opened_at=moment(),
    ),
    row(
        "AppFigure",
        "billing_app_figure",
        "How often one app was opened on one day at all institutions of a branch and one industry cloud.",
        bank_id=fields.UUIDField(),
        branch_id=fields.UUIDField(),
        scenario=fields.CharField(max_length=30),
        app_id=fields.UUIDField(),
        name=fields.CharField(max_length=100),
        day=fields.DateField(),
        opened=fields.BigIntField(db_default=0),
    ),
    row(
        "ComplaintTerms",
        "billing_complaint_terms",
        "A bank's days to answer by kind, from the moment they were set; the newest row is in force, none is changed.",
        bank_id=fields.UUIDField(),
        days=document(),
        closes_after=fields.SmallIntField(),
        reopens_within=fields.SmallIntField(),
        escalates_again=fields.SmallIntField(),
        reason=fields.CharField(max_length=300),
        set_by_name=fields.CharField(max_length=100),
    ),
]


class Migration(migrations.Migration):
    dependencies = [("cloud", "0036_kept_cards")]

    operations = [
        *TABLES,
        ops.AddField(
            model_name="RiskRule", name="holds_payouts", field=fields.BooleanField(db_default=False)
        ),
        ops.AddField(model_name="Payment", name="device_mark", field=fields.BinaryField(null=True)),
        ops.AddField(model_name="DayFigure", name="device_payers", field=fields.IntField(db_default=0)),
        ops.AddField(model_name="DayFigure", name="device_minor", field=fields.BigIntField(db_default=0)),
        ops.AddField(model_name="DayFigure", name="paid_out_minor", field=fields.BigIntField(db_default=0)),
        ops.RunSQL(COMPLAINED),
        *(ops.RunSQL(sql) for sql in WALLS),
        ops.RunSQL(APPS),
        ops.RunSQL(INSTALLED),
    ]
