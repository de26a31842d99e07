"""People whom a holder lets in, and what an estate keeps beyond a month: leases, deposits, merged and split units."""

from tortoise import fields, migrations
from tortoise.migrations import operations as ops

from deploy.columns import document, tenant_row
from deploy.walls import Wall, build, holds, policy

GUESTS = """
create function scope_barred(what text) returns uuid[] language sql stable parallel safe as
  $$ select coalesce(array_agg(split_part(one, ' ', 2)::uuid), '{}')
       from unnest(coalesce(nullif(current_setting('cloud.barred', true), ''), '{}')::text[]) one
      where split_part(one, ' ', 1) = what $$;
"""
"""What a guest was not given, as ``right account`` pairs of the scope's person; nobody else's queries ask for it."""
HELD = """
create function held_scenarios() returns text[] language sql volatile as
  $$ select coalesce(array_agg(distinct a.scenario::text), '{}') from tenants_holder h
       join tenants_account a on a.tenant_id = h.tenant_id and a.id = h.account_id
      where h.person_id = scope_person() and h.confirmed_at is not null
        and (h.until is null or h.until >= day_of(h.tenant_id)) $$;
"""
"""The industries in which whoever has just come in holds something, asked in the same breath as who it is."""
KEPT = {
    "bills": (
        "billing_bill",
        "billing_standing_adjustment",
        "billing_instalment_plan",
        "billing_credit",
        "billing_credit_use",
        "billing_mandate",
        "billing_debit",
        "billing_proxy",
        "billing_virtual_account",
        "billing_wallet",
        "billing_wallet_movement",
        "community_pool_share",
        "community_facility_booking",
        "community_shop_order",
        "community_deposit",
        "community_move_out",
        "community_prepaid",
        "community_prepaid_use",
    ),
    "repairs": ("community_work_order",),
    "visitors": ("community_visitor_pass", "community_parcel"),
    "votes": ("community_vote_entry",),
}
"""Tables of what a guest sees only when they were given it, by the right it takes."""

METERS = policy(
    "community_meter",
    "guests",
    "as restrictive for select using (unit_id is null or not ((select scope_is('person')) and exists ("
    "select 1 from community_unit u where u.tenant_id = t.tenant_id and u.id = t.unit_id"
    " and u.account_id = any ((select scope_barred('bills'))::uuid[]))))",
)
"""A meter is its unit's: who may not see the bills does not see what they are worked out from."""


def kept_from_guests(table: str, right: str, column: str = "account_id") -> str:
    """Return the policy that takes rows away from guests without the right, whatever else lets them see."""
    return (
        f"create policy guests on {table} as restrictive for select using"
        f" ({column} is null or {column} <> all ((select scope_barred('{right}'))::uuid[]));"
    )


PAUSES = [
    Wall(
        "billing_charge_pause",
        refs={"account_id": "tenants_account"},
        indexes=["account_id, first_on", "source_id"],
        checks={"span": "last_on is null or last_on >= first_on"},
    )
]
ESTATE = [
    Wall(
        "community_lease",
        refs={
            "unit_id": "community_unit",
            "account_id": "tenants_account",
            "payer_id": "tenants_account",
        },
        person=f"t.payer_id is not null and {holds('t.payer_id')}",
        uniques=["payer_id where payer_id is not null"],
        indexes=["unit_id, first_on", "account_id"],
        checks={
            "span": "last_on is null or last_on >= first_on",
            "payer": "(payer_id is null) = (fee_item_ids = '[]'::jsonb)",
        },
    ),
]

RESHAPING = [
    Wall(
        "community_reshaping",
        refs={"old_id": "tenants_account", "new_id": "tenants_account"},
        uniques=["old_id, new_id"],
        indexes=["old_number, on_day", "act_id"],
        checks={"kind": "kind in ('merge', 'split')"},
    ),
]
PREPAID = [
    Wall(
        "community_prepaid",
        refs={"account_id": "tenants_account", "wallet_id": "billing_wallet"},
        person=holds(),
        uniques=["account_id, kind"],
        checks={"kind": "kind in ('water', 'power')", "warn": "warn_minor >= 0"},
    ),
    Wall(
        "community_prepaid_use",
        refs={
            "account_id": "tenants_account",
            "reading_id": "community_reading",
            "fee_rule_id": "billing_fee_rule",
            "movement_id": "billing_wallet_movement",
        },
        person=holds(),
        uniques=["reading_id, account_id"],
        indexes=["account_id, kind, period"],
        checks={"sums": "amount_minor >= 0 and usage >= 0 and before >= 0"},
    ),
]
LEAVING = [
    Wall(
        "community_deposit",
        refs={
            "account_id": "tenants_account",
            "wallet_id": "billing_wallet",
            "top_up_id": "billing_wallet_top_up",
        },
        person=holds(),
        uniques=["top_up_id"],
        indexes=["account_id", "created_at"],
        checks={
            "kind": "kind in ('access_card', 'fit_out')",
            "sums": "amount_minor > 0 and kept_minor between 0 and amount_minor",
            "kept": "kept_minor = 0 or (kept_reason <> '' and returned_at is not null)",
        },
    ),
    Wall(
        "community_move_out",
        refs={"account_id": "tenants_account", "bill_id": "billing_bill"},
        person=holds(),
        uniques=["account_id"],
    ),
]


TABLES = [
    tenant_row(
        "ChargePause",
        "billing_charge_pause",
        "From one day to another (open where empty) these fee items do not charge the account.",
        account_id=fields.UUIDField(),
        first_on=fields.DateField(),
        last_on=fields.DateField(null=True),
        fee_item_ids=document(),
        is_all_but=fields.BooleanField(db_default=False),
        source_id=fields.UUIDField(),
    ),
    tenant_row(
        "Lease",
        "community_lease",
        "Somebody rents a unit from one day to another, and pays the fees named; without a ``payer_id`` the owner does.",
        unit_id=fields.UUIDField(),
        account_id=fields.UUIDField(),
        payer_id=fields.UUIDField(null=True),
        renter=fields.CharField(max_length=100),
        first_on=fields.DateField(),
        last_on=fields.DateField(null=True),
        fee_item_ids=document(),
        counted=document(),
        begun_by_name=fields.CharField(db_default="", max_length=100),
    ),
    tenant_row(
        "Reshaping",
        "community_reshaping",
        "One line of a merge or split: this account, under this number, became (a part of) that one on that day.",
        act_id=fields.UUIDField(),
        kind=fields.CharField(max_length=10),
        on_day=fields.DateField(),
        old_id=fields.UUIDField(),
        old_number=fields.CharField(max_length=60),
        new_id=fields.UUIDField(),
        new_number=fields.CharField(max_length=60),
    ),
    tenant_row(
        "Prepaid",
        "community_prepaid",
        "An account pays ahead for what its meters of a kind say; below ``warn_minor`` its holders are told, once.",
        account_id=fields.UUIDField(),
        kind=fields.CharField(max_length=10),
        wallet_id=fields.UUIDField(),
        warn_minor=fields.BigIntField(db_default=0),
        is_active=fields.BooleanField(db_default=True),
        warned_at=fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
        begun_by_name=fields.CharField(db_default="", max_length=100),
    ),
    tenant_row(
        "PrepaidUse",
        "community_prepaid_use",
        "What one reading has spent: the usage, by which rule it was priced, and what it came to.",
        account_id=fields.UUIDField(),
        kind=fields.CharField(max_length=10),
        reading_id=fields.UUIDField(),
        period=fields.DateField(),
        usage=fields.DecimalField(max_digits=18, decimal_places=3),
        before=fields.DecimalField(max_digits=18, decimal_places=3),
        amount_minor=fields.BigIntField(),
        fee_rule_id=fields.UUIDField(),
        movement_id=fields.UUIDField(null=True),
        is_undone=fields.BooleanField(db_default=False),
    ),
    tenant_row(
        "UnitDeposit",
        "community_deposit",
        "A deposit asked of an account: its money is in a wallet (``billing.wallets``), which the institution owes.",
        account_id=fields.UUIDField(),
        kind=fields.CharField(max_length=20),
        label=fields.CharField(db_default="", max_length=100),
        amount_minor=fields.BigIntField(),
        currency=fields.CharField(max_length=3),
        wallet_id=fields.UUIDField(),
        top_up_id=fields.UUIDField(),
        kept_minor=fields.BigIntField(db_default=0),
        kept_reason=fields.CharField(db_default="", max_length=200),
        asked_by_name=fields.CharField(db_default="", max_length=100),
        returned_at=fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
        returned_by_name=fields.CharField(db_default="", max_length=100),
    ),
    tenant_row(
        "MoveOut",
        "community_move_out",
        "Somebody has moved out: the account's last day, and the bill of what it still had to be charged until then.",
        account_id=fields.UUIDField(),
        last_on=fields.DateField(),
        bill_id=fields.UUIDField(null=True),
        address=fields.CharField(db_default="", max_length=200),
        by_name=fields.CharField(db_default="", max_length=100),
    ),
]


class Migration(migrations.Migration):
    dependencies = [("cloud", "0029_bank_care")]

    operations = [
        ops.AddField(
            model_name="Holder",
            name="sees",
            field=document(null=True),
        ),
        ops.AddField(model_name="Holder", name="invited_by", field=fields.UUIDField(null=True)),
        *TABLES,
        *(ops.RunSQL(build(wall)) for wall in (*PAUSES, *ESTATE, *RESHAPING, *PREPAID, *LEAVING)),
        ops.RunSQL(GUESTS),
        ops.RunSQL(METERS),
        ops.RunSQL(HELD),
        *(ops.RunSQL(kept_from_guests(table, right)) for right, tables in KEPT.items() for table in tables),
    ]
