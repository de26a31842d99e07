"""A hospital in depth: places kept as health data, and bills that a trusted person sees only of what they are trusted with."""

from typing import Any

from tortoise import fields, migrations
from tortoise.migrations import operations as ops
from tortoise.migrations.schema_generator.state import State

from deploy.columns import document, moment, tenant_row, words
from deploy.walls import Wall, build, policy, visible
from scenarios.hospital import places

BARRED = "t.account_id = any ((select scope_barred('{}'))::uuid[])"
_VISIT = """
(exists (select 1 from hospital_appointment x where x.tenant_id = t.tenant_id and x.bill_id = t.id)
 or exists (select 1 from hospital_basket x where x.tenant_id = t.tenant_id and x.bill_id = t.id))
"""
_STAY = """
(exists (select 1 from hospital_settlement x where x.tenant_id = t.tenant_id and x.bill_id = t.id)
 or exists (select 1 from billing_wallet_top_up x where x.tenant_id = t.tenant_id and x.bill_id = t.id))
"""
"""What the other table's own policy lets the scope's person see, so that neither reveals the other."""
WHOLE = (
    "billing_credit",
    "billing_credit_use",
    "billing_standing_adjustment",
    "billing_instalment_plan",
    "billing_virtual_account",
)
"""Of the account as a whole: for those who were let in to all of it."""
OF_STAYS = ("billing_wallet", "billing_wallet_movement")
KEPT_BACK = {
    "billing_bill": f"((not {BARRED.format('stays')}) or {_VISIT}) and ((not {BARRED.format('visits')}) or {_STAY})",
    **dict.fromkeys(WHOLE, f"not {BARRED.format('whole')}"),
    **dict.fromkeys(OF_STAYS, f"not {BARRED.format('stays')}"),
    "billing_mandate": f"person_id = (select scope_person()) or not {BARRED.format('whole')}",
    "billing_debit": f"not {BARRED.format('whole')} or {visible('billing_bill', 'bill_id')}",
}
POLICIES = [
    policy(table, "trusted", f"as restrictive for select using ({rule})") for table, rule in KEPT_BACK.items()
]
GIVEN = """
alter table tenants_holder no force row level security; alter table hospital_grant no force row level security;
update tenants_holder h set sees = g.sees from (
  select tenant_id, holder_id, to_jsonb(array_agg(distinct one order by one)) sees from (
    select tenant_id, holder_id, purpose::text one from hospital_grant
    union all select tenant_id, holder_id, paid from hospital_grant cross join unnest(array['bills', 'pay']) paid
     where purpose in ('visits', 'stays')) every group by 1, 2) g
 where h.tenant_id = g.tenant_id and h.id = g.holder_id and h.relation = 'proxy' and h.sees is null;
alter table tenants_holder force row level security; alter table hospital_grant force row level security;
"""
PLACES = """
create unique index hospital_stay_place_key on hospital_stay (tenant_id, place_hash)
  where place_hash is not null and status in ('admitted', 'leaving');
create index hospital_stay_bed_idx on hospital_stay (tenant_id, bed_hash) where bed_hash is not null;
create index hospital_stay_ward_idx on hospital_stay (tenant_id, ward_hash) where ward_hash is not null;
"""
_OPEN = "select tenant_id, id, ward, bed from hospital_stay where ward <> '' or bed <> ''"
_SEAL = """
update hospital_stay set place = $3, place_hash = $4, ward_hash = $5, bed_hash = $6 where tenant_id = $1 and id = $2
"""


RETURNS = """
alter table hospital_order drop constraint hospital_order_status_check, drop constraint hospital_order_basket_check;
alter table hospital_order add constraint hospital_order_status_check check (status in
  ('billable', 'paying', 'confirming', 'settled', 'returning', 'returned', 'aborted'));
alter table hospital_order add constraint hospital_order_basket_check check (
  (status in ('paying', 'confirming', 'settled', 'returning', 'returned')) = (basket_id is not null));
alter table hospital_basket add constraint hospital_basket_returned_check
  check (returned_minor between 0 and amount_minor);
"""
SCREENS = """
create unique index hospital_department_screen_key on hospital_department (screen_hash) where screen_hash is not null;
create policy by_secret on hospital_department for select
  using ((select scope_is('secret')) and screen_hash = (select scope_secret()));
"""
WALLS = [
    Wall(
        "hospital_order_return",
        refs={"basket_id": "hospital_basket", "account_id": "tenants_account"},
        uniques=["basket_id where status in ('asked', 'agreed')"],
        indexes=["basket_id, created_at", "created_at where status = 'asked'"],
        checks={
            "status": "status in ('asked', 'agreed', 'done', 'declined', 'refused')",
            "amount": "amount_minor > 0",
            "ended": "(status in ('done', 'declined', 'refused')) = (ended_at is not null)",
            "two": "status = 'asked' or decided_by is null or decided_by is distinct from asked_by",
        },
    ),
]


DEPOSITS = [
    Wall(
        "hospital_deposit_posting",
        refs={
            "account_id": "tenants_account",
            "stay_id": "hospital_stay",
            "movement_id": "billing_wallet_movement",
        },
        uniques=["movement_id"],
        indexes=["status, moved_at", "moved_at"],
        checks={
            "status": "status in ('waiting', 'posted', 'refused')",
            "amount": "amount_minor <> 0",
            "ended": "(status = 'waiting') = (ended_at is null)",
        },
    )
]


VERSIONS = [
    Wall(
        "hospital_appointment_version",
        refs={"appointment_id": "hospital_appointment"},
        uniques=["appointment_id, transaction"],
        indexes=["appointment_id, version_at"],
    )
]
_KEEP = """
insert into hospital_appointment_version (tenant_id, appointment_id, version_at, transaction, account_id, slot_id,
    session_id, service_id, doctor_id, place, reference, visit, status, bill_id, starts_at, ends_at, booked_at)
  select x.tenant_id, x.id, greatest(x.changed_at, s.changed_at), pg_current_xact_id()::text::bigint, x.account_id,
         x.slot_id, x.session_id, x.service_id, s.doctor_id, s.place, x.reference, x.visit, x.status, x.bill_id,
         x.starts_at, x.ends_at, x.created_at
    from hospital_appointment x join hospital_session s on s.tenant_id = x.tenant_id and s.id = x.session_id
   where {of}
  on conflict (tenant_id, appointment_id, transaction) do update set version_at = excluded.version_at,
    doctor_id = excluded.doctor_id, place = excluded.place, status = excluded.status, bill_id = excluded.bill_id,
    starts_at = excluded.starts_at, ends_at = excluded.ends_at
"""
_TRIGGER = """
create function keep_{name}() returns trigger language plpgsql as $$
begin
  {act};
  return null;
end $$;
create trigger {table}_kept after {when} on {table} for each row execute function keep_{name}();
"""
KEPT = [
    _TRIGGER.format(
        name="appointment_version",
        act=_KEEP.format(of="x.tenant_id = new.tenant_id and x.id = new.id"),
        table="hospital_appointment",
        when="insert or update",
    ),
    _TRIGGER.format(
        name="session_version",
        act=_KEEP.format(of="x.tenant_id = new.tenant_id and x.session_id = new.id"),
        table="hospital_session",
        when="update",
    ),
]
BEFORE = f"""
alter table hospital_appointment no force row level security; alter table hospital_session no force row level security;
alter table hospital_appointment_version no force row level security;
{_KEEP.format(of="true")};
alter table hospital_appointment force row level security; alter table hospital_session force row level security;
alter table hospital_appointment_version force row level security;
"""


TABLES = [
    tenant_row(
        "OrderReturn",
        "hospital_order_return",
        "Some orders of a basket that was paid are given back: asked by one person, agreed by another, taken back there.",
        basket_id=fields.UUIDField(),
        account_id=fields.UUIDField(),
        order_ids=document(),
        amount_minor=fields.BigIntField(),
        currency=fields.CharField(max_length=3),
        reason=fields.CharField(max_length=300),
        status=fields.CharField(db_default="asked", max_length=20),
        asked_by=fields.UUIDField(null=True),
        asked_by_name=words(100),
        decided_by=fields.UUIDField(null=True),
        decided_by_name=words(100),
        decided_at=moment(),
        tries=fields.SmallIntField(db_default=0),
        problem=words(200),
        ended_at=moment(),
    ),
    tenant_row(
        "AppointmentVersion",
        "hospital_appointment_version",
        "An appointment as programs read it once: written by triggers when it or its session changes, never by us.",
        appointment_id=fields.UUIDField(),
        version_at=fields.DatetimeField(auto_now=False, auto_now_add=False),
        transaction=fields.BigIntField(),
        account_id=fields.UUIDField(),
        slot_id=fields.UUIDField(),
        session_id=fields.UUIDField(),
        service_id=fields.UUIDField(),
        doctor_id=fields.UUIDField(),
        place=fields.CharField(max_length=60),
        reference=fields.CharField(max_length=40),
        visit=fields.CharField(max_length=10),
        status=fields.CharField(max_length=20),
        bill_id=fields.UUIDField(null=True),
        starts_at=fields.DatetimeField(auto_now=False, auto_now_add=False),
        ends_at=fields.DatetimeField(auto_now=False, auto_now_add=False),
        booked_at=fields.DatetimeField(auto_now=False, auto_now_add=False),
    ),
    tenant_row(
        "DepositPosting",
        "hospital_deposit_posting",
        "One movement of a stay's deposit from or to outside, as the hospital's own system is told of it, once.",
        movement_id=fields.UUIDField(),
        account_id=fields.UUIDField(),
        stay_id=fields.UUIDField(),
        amount_minor=fields.BigIntField(),
        currency=fields.CharField(max_length=3),
        moved_at=fields.DatetimeField(auto_now=False, auto_now_add=False),
        status=fields.CharField(db_default="waiting", max_length=20),
        tries=fields.SmallIntField(db_default=0),
        asked_at=moment(),
        problem=words(200),
        his_reference=words(64),
        ended_at=moment(),
    ),
]


class SealPlaces(ops.RunSQL):
    """Encrypt the wards and beds that are there, and take the columns away in which they could be read."""

    def __init__(self) -> None:
        super().__init__("alter table hospital_stay drop column ward, drop column bed;")

    def state_forward(self, app_label: str, state: State) -> None:
        """The model has them no more."""
        model = self.get_model_state(state, app_label, "Stay")
        for name in ("ward", "bed"):
            model.fields.pop(name)
        state.reload_models({(app_label, "Stay")})

    async def database_forward(
        self, app_label: str, old_state: State, new_state: State, state_editor: Any = None
    ) -> None:
        """Seal row by row, with the keys of whoever migrates."""
        if state_editor is not None:
            await state_editor._run_sql("alter table hospital_stay no force row level security;")  # noqa: SLF001
            _, found = await state_editor.client.execute_query(_OPEN)
            for one in found:
                kept = places.columns(one["tenant_id"], places.Place(one["ward"], one["bed"]))
                await state_editor.client.execute_query(_SEAL, [one["tenant_id"], one["id"], *kept.values()])
            await state_editor._run_sql("alter table hospital_stay force row level security;")  # noqa: SLF001
        await super().database_forward(app_label, old_state, new_state, state_editor)


class Migration(migrations.Migration):
    dependencies = [("cloud", "0033_town_life")]
    operations = [
        *(
            ops.AddField(model_name="Stay", name=name, field=fields.BinaryField(null=True))
            for name in ("place", "place_hash", "ward_hash", "bed_hash")
        ),
        SealPlaces(),
        ops.RunSQL(PLACES),
        *(ops.RunSQL(sql) for sql in POLICIES),
        ops.RunSQL(GIVEN),
        ops.AddField(model_name="OrderBasket", name="returned_minor", field=fields.BigIntField(db_default=0)),
        *(
            ops.AddField(model_name="Department", name=name, field=fields.BinaryField(null=True))
            for name in ("screen", "screen_hash")
        ),
        ops.RunSQL(SCREENS),
        ops.AddField(model_name="Patient", name="his_number", field=words(64)),
        ops.RunSQL(
            "create unique index hospital_patient_his_number_key on hospital_patient (tenant_id, his_number)"
            " where his_number <> '';"
        ),
        *TABLES,
        *(ops.RunSQL(build(wall)) for wall in [*WALLS, *DEPOSITS, *VERSIONS]),
        *(ops.RunSQL(trigger) for trigger in KEPT),
        ops.RunSQL(BEFORE),
        ops.RunSQL(RETURNS),
    ]
