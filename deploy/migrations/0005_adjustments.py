"""Walls of adjustments, instalment plans, credit notes and opening balances."""

from tortoise import migrations
from tortoise.migrations import operations as ops

from deploy.walls import Wall, build, holds, visible

OF_BILL = visible("billing_bill", "bill_id")

ADJUSTMENTS = [
    Wall(
        "billing_standing_adjustment",
        refs={"account_id": "tenants_account", "fee_item_id": "billing_fee_item"},
        person=f"t.status = 'approved' and {holds()}",
        uniques=["number"],
        indexes=["account_id, status", "status, created_at"],
        checks={
            "value": "(percent is null) <> (amount_minor is null) and coalesce(amount_minor, 1) > 0"
            " and coalesce(percent, 1) > 0 and coalesce(percent, 1) <= 100",
            "span": "effective_until is null or effective_until >= effective_from",
            "kind": "kind in ('discount', 'aid', 'waiver')",
            "status": "status in ('requested', 'approved', 'rejected', 'ended')",
        },
    ),
    Wall(
        "billing_adjustment",
        refs={
            "account_id": "tenants_account",
            "bill_id": "billing_bill",
            "standing_id": "billing_standing_adjustment",
            "fee_item_id": "billing_fee_item",
        },
        person=f"t.status = 'applied' and {OF_BILL}",
        link=f"t.status = 'applied' and {OF_BILL}",
        uniques=["number", "bill_id, standing_id where standing_id is not null"],
        indexes=["bill_id", "account_id", "status, created_at", "kind, created_at"],
        checks={
            "amount": "amount_minor > 0",
            "kind": "kind in ('discount', 'aid', 'waiver', 'write_off', 'late_fee_waiver')",
            "status": "status in ('requested', 'applied', 'rejected', 'reversed')",
        },
    ),
    Wall(
        "billing_adjustment_part",
        refs={"bill_id": "billing_bill", "bill_line_id": "billing_bill_line"},
        person=OF_BILL,
        link=OF_BILL,
        indexes=["bill_id", "bill_line_id", "source_id"],
        checks={"amount": "amount_minor <> 0"},
        is_append_only=True,
    ),
]
REHEARSALS = [
    Wall(
        "billing_rehearsal",
        refs={"fee_item_id": "billing_fee_item", "run_id": "billing_bill_run", "task_id": "tenants_task"},
        indexes=["fee_item_id, created_at"],
        checks={"status": "status in ('working', 'done')"},
    ),
    Wall(
        "billing_rehearsal_line",
        refs={"rehearsal_id": "billing_rehearsal", "account_id": "tenants_account"},
        uniques=["rehearsal_id, account_id"],
        indexes=["rehearsal_id, difference_minor", "rehearsal_id, account_number"],
        checks={"difference": "difference_minor = coalesce(after_minor, 0) - coalesce(before_minor, 0)"},
    ),
]
TABLES: list[Wall] = [*ADJUSTMENTS, *REHEARSALS]

OF_PLAN = visible("billing_instalment_plan", "plan_id")
PLANS = [
    Wall(
        "billing_run_setting",
        checks={"jump": "jump_percent between 1 and 1000", "limit": "approval_limit_minor >= 0"},
    ),
    Wall("billing_number_series", uniques=["series"]),
    Wall(
        "billing_instalment_plan",
        refs={"account_id": "tenants_account"},
        person=holds(),
        uniques=["number"],
        indexes=["account_id", "status, created_at"],
        checks={
            "total": "total_minor > 0",
            "remainder": "remainder in ('first', 'last')",
            "status": "status in ('active', 'completed', 'broken')",
        },
    ),
    Wall(
        "billing_instalment",
        refs={"plan_id": "billing_instalment_plan"},
        person=OF_PLAN,
        uniques=["plan_id, position"],
        checks={"amount": "amount_minor > 0"},
    ),
    Wall(
        "billing_plan_bill",
        refs={"plan_id": "billing_instalment_plan", "bill_id": "billing_bill"},
        person=OF_PLAN,
        uniques=["bill_id where is_live", "plan_id, bill_id"],
        checks={"amount": "amount_minor > 0"},
    ),
    Wall(
        "billing_credit_note",
        refs={
            "bill_id": "billing_bill",
            "bill_line_id": "billing_bill_line",
            "account_id": "tenants_account",
        },
        person=visible("billing_bill", "bill_id"),
        link=visible("billing_bill", "bill_id"),
        uniques=["number"],
        indexes=["bill_id", "created_at"],
        checks={
            "amount": "amount_minor > 0 and adjusted_minor >= 0 and excess_minor >= 0"
            " and adjusted_minor + excess_minor = amount_minor"
        },
        is_append_only=True,
    ),
]

ONE_OF_EACH = "create unique index billing_run_setting_key on billing_run_setting (tenant_id);"


class Migration(migrations.Migration):
    dependencies = [("cloud", "0004_money")]
    operations = [
        *(ops.RunSQL(build(wall)) for wall in [*TABLES, *PLANS]),
        ops.RunSQL(ONE_OF_EACH),
    ]
