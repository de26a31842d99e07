"""Walls of payer credit and terms, mandates, answers and reminders."""

from tortoise import migrations
from tortoise.migrations import operations as ops

from deploy.walls import TODAY, Wall, build, holds, of_mine, policy, visible

HOLDS_NOW = holds(period=TODAY)
"""Those who hold the account today; a former holder's credit stays with the account."""
OF_BILL = visible("billing_bill", "bill_id")

TABLES: list[Wall] = [
    Wall("billing_terms", person="true", uniques=["section"]),
    Wall(
        "billing_credit",
        refs={"account_id": "tenants_account", "payment_id": "billing_payment"},
        person=HOLDS_NOW,
        uniques=["source, source_id, payment_id"],
        indexes=["account_id, currency where left_minor > 0", "account_id, created_at", "payment_id"],
        checks={
            "amount": "amount_minor > 0 and refunded_minor >= 0 and refunding_minor >= 0",
            "left": "left_minor >= refunding_minor and left_minor + refunded_minor <= amount_minor",
        },
    ),
    Wall(
        "billing_credit_use",
        refs={
            "credit_id": "billing_credit",
            "account_id": "tenants_account",
            "bill_id": "billing_bill",
        },
        person=HOLDS_NOW,
        indexes=["credit_id", "account_id, created_at", "bill_id"],
        checks={"amount": "amount_minor > 0"},
        is_append_only=True,
    ),
    Wall(
        "billing_answer",
        refs={
            "bill_id": "billing_bill",
            "account_id": "tenants_account",
            "bill_line_id": "billing_bill_line",
        },
        person=OF_BILL,
        uniques=["bill_id, kind where closed_at is null", "bill_line_id where kind = 'decline'"],
        indexes=["bill_id", "kind, created_at", "promised_on where kind = 'promise' and closed_at is null"],
        checks={
            "kind": "kind in ('promise', 'dispute', 'decline')",
            "promise": "kind <> 'promise' or promised_on is not null",
            "decline": "kind <> 'decline' or (bill_line_id is not null and amount_minor > 0)",
        },
    ),
    Wall(
        "billing_answer_note",
        refs={"answer_id": "billing_answer"},
        person=visible("billing_answer", "answer_id"),
        indexes=["answer_id, created_at"],
        is_append_only=True,
    ),
    Wall(
        "billing_reminder",
        refs={"bill_id": "billing_bill", "account_id": "tenants_account", "holder_id": "tenants_holder"},
        uniques=["bill_id, step"],
        indexes=["created_at", "account_id, created_at"],
        is_append_only=True,
    ),
    Wall(
        "billing_reminder_stop",
        refs={"holder_id": "tenants_holder"},
        person="exists (select 1 from tenants_holder h where h.tenant_id = t.tenant_id and h.id = t.holder_id"
        " and h.person_id = (select scope_person()))",
        uniques=["holder_id"],
    ),
    Wall(
        "billing_mandate",
        refs={"account_id": "tenants_account", "settlement_account_id": "billing_settlement_account"},
        person=HOLDS_NOW,
        uniques=["account_id where status in ('created', 'authorising', 'active', 'paused')"],
        indexes=["status, created_at", "reference"],
        checks={
            "ceiling": "ceiling_minor > 0",
            "schedule": "schedule in ('bill', 'day') and day_of_month between 1 and 28",
        },
    ),
    Wall(
        "billing_debit",
        refs={
            "mandate_id": "billing_mandate",
            "account_id": "tenants_account",
            "bill_id": "billing_bill",
            "payment_id": "billing_payment",
        },
        person=HOLDS_NOW,
        uniques=["bill_id where status in ('announced', 'trying', 'waiting')", "mandate_id, bill_id"],
        indexes=["status, due_on", "mandate_id, created_at", "payment_id"],
        checks={"amount": "amount_minor > 0"},
    ),
    Wall(
        "billing_proxy",
        refs={"account_id": "tenants_account"},
        person=HOLDS_NOW,
        extra={
            "person": "t.person_id = (select scope_person())",
            "secret": "t.code_hash = (select scope_secret())",
        },
        uniques=["account_id, person_id where ended_at is null and person_id is not null"],
        indexes=["account_id, created_at"],
        checks={"caps": "bill_cap_minor > 0 and month_cap_minor > 0"},
    ),
    Wall(
        "billing_virtual_account",
        refs={"account_id": "tenants_account", "settlement_account_id": "billing_settlement_account"},
        person=HOLDS_NOW,
        uniques=["account_id, settlement_account_id", "number"],
    ),
    Wall(
        "billing_transfer",
        refs={
            "settlement_account_id": "billing_settlement_account",
            "account_id": "tenants_account",
            "payment_id": "billing_payment",
        },
        uniques=["settlement_account_id, number"],
        indexes=["created_at", "payment_id"],
        checks={"amount": "amount_minor > 0"},
    ),
]

PROXIES = """
create index billing_proxy_person_idx on billing_proxy (person_id, tenant_id) where person_id is not null;
create unique index billing_proxy_code_key on billing_proxy (code_hash) where code_hash is not null;

"""
BY_PROXY = f"""for select using (
  (select scope_is('person')) and tenant_id = any ((select scope_tenants())::uuid[]) and status <> 'draft'
  and {of_mine()} and exists (select 1 from billing_proxy x
               where x.tenant_id = t.tenant_id and x.account_id = t.account_id
                 and x.person_id = (select scope_person()) and x.accepted_at is not null and x.ended_at is null
                 and x.until >= day_of(x.tenant_id)
                 and (t.status in ('issued', 'part_paid') or t.issued_at >= x.accepted_at)))
"""
"""Whoever pays for somebody else sees that account's open bills, and those issued since, for as long as they may."""

LINKS = """
alter table billing_refund add constraint billing_refund_credit_id_fkey
  foreign key (tenant_id, credit_id) references billing_credit (tenant_id, id);
alter table billing_allocation add constraint billing_allocation_credit_id_fkey
  foreign key (tenant_id, credit_id) references billing_credit (tenant_id, id);
create index billing_allocation_credit_id_idx on billing_allocation (tenant_id, credit_id)
  where credit_id is not null;
"""
BY_CREDIT = f"""for select using ((select scope_is('person')) and credit_id is not null
  and {visible("billing_credit", "credit_id")})"""

FURTHER = [
    LINKS,
    PROXIES,
    policy("billing_bill", "by_proxy", BY_PROXY),
    policy("billing_refund", "by_credit", BY_CREDIT),
]


class Migration(migrations.Migration):
    dependencies = [("cloud", "0005_adjustments")]
    operations = [*(ops.RunSQL(build(wall)) for wall in TABLES), *(ops.RunSQL(sql) for sql in FURTHER)]
