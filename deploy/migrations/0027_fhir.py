"""When what apps read of a hospital changed last, and the ways in which they search it."""

from tortoise import fields, migrations
from tortoise.fields.db_defaults import Now
from tortoise.migrations import operations as ops

CHANGING = {
    "Appointment": "hospital_appointment",
    "ClinicSession": "hospital_session",
    "ClinicOrder": "hospital_order",
}
TOUCH = """
create function touch_changed_at() returns trigger language plpgsql as $$
begin
  new.changed_at = clock_timestamp();
  return new;
end $$;
""" + "\n".join(
    f"create trigger {table}_changed before update on {table} for each row execute function touch_changed_at();"
    for table in CHANGING.values()
)
"""The clock and not the transaction's begin, so that who waited for a row's lock never writes an earlier moment."""
INDEXES = """
create index hospital_slot_starts_at_idx on hospital_slot (tenant_id, starts_at, id);
create index hospital_appointment_slot_idx on hospital_appointment (tenant_id, slot_id);
create index hospital_appointment_starts_at_idx on hospital_appointment (tenant_id, starts_at, id);
create index hospital_appointment_department_idx on hospital_appointment (tenant_id, department_id, day);
create index hospital_appointment_bill_idx on hospital_appointment (tenant_id, bill_id) where bill_id is not null;
create index hospital_settlement_bill_idx on hospital_settlement (tenant_id, bill_id) where bill_id is not null;
create index hospital_basket_bill_idx on hospital_basket (tenant_id, bill_id) where bill_id is not null;
"""


class Migration(migrations.Migration):
    dependencies = [("cloud", "0026_stays")]
    operations = [
        *(
            ops.AddField(
                model_name=model,
                name="changed_at",
                field=fields.DatetimeField(db_default=Now(), auto_now=False, auto_now_add=False),
            )
            for model in CHANGING
        ),
        ops.RunSQL(TOUCH),
        ops.RunSQL(INDEXES),
    ]
