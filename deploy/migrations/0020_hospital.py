"""The hospital: its house and calendar, patients and visits."""

from orjson import loads
from tortoise import fields, migrations
from tortoise.fields.data import JSON_DUMPS
from tortoise.fields.db_defaults import Now
from tortoise.migrations import operations as ops

from deploy.walls import TODAY, Wall, build, holds, of_mine
from tenants.ids import new_id


def stands_by(purpose: str = "", account: str = "t.account_id") -> str:
    """Return the condition that the scope's person may act for the patient today, a trusted one by a live grant."""
    wanted = f" and g.purpose = '{purpose}'" if purpose else ""
    return (
        f"{of_mine(account)} and exists (select 1 from tenants_holder h where h.tenant_id = t.tenant_id"
        f" and h.account_id = {account} and h.person_id = (select scope_person()) and h.confirmed_at is not null"
        " and (h.until is null or h.until >= day_of(h.tenant_id)) and (h.relation <> 'proxy' or exists (select 1"
        " from hospital_grant g where g.tenant_id = h.tenant_id and g.holder_id = h.id and g.ended_at is null"
        f"{wanted})))"
    )


LIVE = "status not in ('lapsed', 'cancelled', 'stopped', 'moved')"
ROLE = {
    "doctor_id": "hospital_doctor",
    "service_id": "hospital_service",
    "department_id": "hospital_department",
}
WALLS = [
    Wall("hospital_department", uniques=["code"]),
    Wall("hospital_service", refs={"department_id": "hospital_department"}, indexes=["department_id"]),
    Wall(
        "hospital_doctor",
        uniques=["code"],
        indexes=["person_id where person_id is not null", "name"],
        checks={"title": "title in ('chief', 'associate', 'attending', 'resident')"},
    ),
    Wall(
        "hospital_practitioner_role", refs=ROLE, uniques=["doctor_id, service_id"], indexes=["department_id"]
    ),
    Wall(
        "hospital_template",
        refs={"role_id": "hospital_practitioner_role"},
        indexes=["role_id"],
        checks={
            "weekday": "weekday between 0 and 6",
            "span": "begins >= 0 and begins < ends and ends <= 1440",
            "opening": "days_ahead between 0 and 60 and opens between 0 and 1440",
        },
    ),
    Wall(
        "hospital_session",
        refs={**ROLE, "role_id": "hospital_practitioner_role", "template_id": "hospital_template"},
        uniques=["template_id, day"],
        indexes=["department_id, day", "doctor_id, day", "day, starts_at"],
        checks={"status": "status in ('planned', 'stopped')", "span": "starts_at < ends_at"},
    ),
    Wall(
        "hospital_slot",
        refs={"session_id": "hospital_session"},
        uniques=["session_id, number"],
        checks={"kind": "kind in ('first', 'return', 'phone', 'desk', 'reserved')"},
    ),
    Wall(
        "hospital_patient",
        refs={"account_id": "tenants_account"},
        person=stands_by(),
        uniques=["account_id", "document_hash"],
    ),
    Wall(
        "hospital_grant",
        refs={"account_id": "tenants_account", "holder_id": "tenants_holder"},
        person=holds(period=TODAY),
        uniques=["holder_id, purpose where ended_at is null"],
        indexes=["account_id"],
        checks={"purpose": "purpose in ('visits', 'stays', 'reports')"},
    ),
    Wall(
        "hospital_block",
        refs={"account_id": "tenants_account"},
        person=stands_by("visits"),
        indexes=["account_id, until", "since"],
        checks={"span": "since <= until"},
    ),
    Wall(
        "hospital_appointment",
        refs={
            "account_id": "tenants_account",
            "slot_id": "hospital_slot",
            "session_id": "hospital_session",
            "department_id": "hospital_department",
            "service_id": "hospital_service",
            "bill_id": "billing_bill",
            "changed_from": "hospital_appointment",
        },
        person=stands_by("visits"),
        uniques=[f"slot_id where {LIVE}", f"account_id, session_id where {LIVE}", "code", "reference"],
        indexes=[
            "session_id, status",
            "account_id, starts_at",
            "day, status",
            "ends_at where status = 'booked'",
        ],
        checks={
            "status": "status in ('pending', 'booked', 'arrived', 'called', 'fulfilled', 'cancelled', 'stopped',"
            " 'moved', 'lapsed', 'noshow')",
            "money": "price_minor >= 0 and kept_minor between 0 and price_minor",
            "queue": "(status in ('arrived', 'called')) <= (queued_at is not null)",
        },
    ),
    Wall(
        "hospital_waiting",
        refs={"session_id": "hospital_session", "account_id": "tenants_account"},
        person=stands_by("visits"),
        uniques=["session_id, account_id where status in ('waiting', 'offered')"],
        indexes=["session_id, status, created_at", "account_id"],
        checks={
            "status": "status in ('waiting', 'offered', 'booked', 'passed', 'left')",
            "offer": "status <> 'offered' or offered_until is not null",
        },
    ),
    Wall(
        "hospital_basket",
        refs={"account_id": "tenants_account", "bill_id": "billing_bill"},
        person=stands_by("visits"),
        uniques=["reference"],
        indexes=["status, created_at", "account_id, created_at", "paid_at where paid_at is not null"],
        checks={
            "status": "status in ('paying', 'confirming', 'posted', 'refunded', 'lapsed')",
            "amount": "amount_minor > 0",
            "paid": "(status in ('confirming', 'posted', 'refunded')) <= (paid_at is not null)",
        },
    ),
    Wall(
        "hospital_order",
        refs={"account_id": "tenants_account", "basket_id": "hospital_basket"},
        person=stands_by("visits"),
        uniques=["his_id"],
        indexes=["account_id, status", "basket_id"],
        checks={
            "status": "status in ('billable', 'paying', 'confirming', 'settled', 'aborted')",
            "amount": "amount_minor > 0",
            "basket": "(status in ('paying', 'confirming', 'settled')) = (basket_id is not null)",
        },
    ),
    Wall(
        "hospital_his_break",
        uniques=["key, kind"],
        indexes=["status, day"],
        checks={
            "status": "status in ('open', 'closed', 'cleared')",
            "kind": "kind in ('paid_not_posted', 'posted_not_paid', 'amount_differs', 'refund_one_side', 'cut_off')",
        },
    ),
]
OPEN = """
create policy listing on tenants_tenant for select to cloud_owner using (status = 'live');
create function open_institutions(scenario text, named text)
  returns table (id uuid, slug varchar, name varchar, short_name varchar, currency varchar, timezone varchar,
                 locale varchar, contact_phone varchar)
  language sql stable security definer set search_path = public, pg_temp as $$
  select t.id, t.slug, t.name, t.short_name, t.currency, t.timezone, t.locale, t.contact_phone
    from tenants_tenant t where scenario = any (t.scenarios) and t.status = 'live' and (named is null or t.slug = named)
   order by t.short_name, t.id $$;
revoke all on function open_institutions(text, text) from public;
grant execute on function open_institutions(text, text) to cloud_app;
"""
"""The public facts of live institutions, for whoever has nothing to do with them yet; only this function sees them."""

TABLES = [
    ops.CreateModel(
        name="Appointment",
        fields=[
            ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
            ("created_at", fields.DatetimeField(db_default=Now(), auto_now=False, auto_now_add=False)),
            ("tenant_id", fields.UUIDField()),
            ("account_id", fields.UUIDField()),
            ("slot_id", fields.UUIDField()),
            ("session_id", fields.UUIDField()),
            ("department_id", fields.UUIDField()),
            ("service_id", fields.UUIDField()),
            ("reference", fields.CharField(max_length=40)),
            ("code", fields.CharField(max_length=12)),
            ("visit", fields.CharField(max_length=10)),
            ("quota", fields.CharField(max_length=20)),
            ("channel", fields.CharField(max_length=10)),
            ("status", fields.CharField(max_length=20)),
            ("day", fields.DateField()),
            ("starts_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ("ends_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ("price_minor", fields.BigIntField(db_default=0)),
            ("kept_minor", fields.BigIntField(db_default=0)),
            ("currency", fields.CharField(max_length=3)),
            ("bill_id", fields.UUIDField(null=True)),
            ("hold_id", fields.UUIDField(null=True)),
            ("booked_by", fields.UUIDField(null=True)),
            ("booked_by_name", fields.CharField(db_default="", max_length=100)),
            ("queued_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ("arrived_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ("called_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ("calls", fields.SmallIntField(db_default=0)),
            ("ended_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ("end_reason", fields.CharField(db_default="", max_length=200)),
            ("has_full_refund", fields.BooleanField(db_default=False)),
            ("changed_from", fields.UUIDField(null=True)),
            ("version", fields.IntField(db_default=1)),
        ],
        options={
            "table": "hospital_appointment",
            "app": "cloud",
            "pk_attr": "id",
            "table_description": "A patient on a number. Its session's day and times are kept with it, so that overlaps are found here.",
        },
        bases=["TenantRow"],
    ),
    ops.CreateModel(
        name="BookingBlock",
        fields=[
            ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
            ("created_at", fields.DatetimeField(db_default=Now(), auto_now=False, auto_now_add=False)),
            ("tenant_id", fields.UUIDField()),
            ("account_id", fields.UUIDField()),
            ("since", fields.DateField()),
            ("until", fields.DateField()),
            ("missed", fields.SmallIntField(db_default=0)),
            ("appeal", fields.CharField(db_default="", max_length=500)),
            ("appealed_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ("decision", fields.CharField(db_default="", max_length=500)),
            ("decided_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ("decided_by_name", fields.CharField(db_default="", max_length=100)),
            ("is_lifted", fields.BooleanField(db_default=False)),
        ],
        options={
            "table": "hospital_block",
            "app": "cloud",
            "pk_attr": "id",
            "table_description": "A patient may not book until ``until``: after too many missed appointments. An appeal can lift it.",
        },
        bases=["TenantRow"],
    ),
    ops.CreateModel(
        name="CareGrant",
        fields=[
            ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
            ("created_at", fields.DatetimeField(db_default=Now(), auto_now=False, auto_now_add=False)),
            ("tenant_id", fields.UUIDField()),
            ("holder_id", fields.UUIDField()),
            ("account_id", fields.UUIDField()),
            ("purpose", fields.CharField(max_length=20)),
            ("granted_by_name", fields.CharField(max_length=100)),
            ("ended_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
        ],
        options={
            "table": "hospital_grant",
            "app": "cloud",
            "pk_attr": "id",
            "table_description": "What a patient lets a trusted person see and do (``purpose`` of ``kinds.GRANTS``); ended, it is gone at once.",
        },
        bases=["TenantRow"],
    ),
    ops.CreateModel(
        name="ClinicService",
        fields=[
            ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
            ("created_at", fields.DatetimeField(db_default=Now(), auto_now=False, auto_now_add=False)),
            ("tenant_id", fields.UUIDField()),
            ("department_id", fields.UUIDField()),
            ("names", fields.JSONField(encoder=JSON_DUMPS, decoder=loads)),
            ("is_active", fields.BooleanField(db_default=True)),
        ],
        options={
            "table": "hospital_service",
            "app": "cloud",
            "pk_attr": "id",
            "table_description": "What a department offers to those who come (a general clinic, a specialist's): a HealthcareService.",
        },
        bases=["TenantRow"],
    ),
    ops.CreateModel(
        name="ClinicSession",
        fields=[
            ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
            ("created_at", fields.DatetimeField(db_default=Now(), auto_now=False, auto_now_add=False)),
            ("tenant_id", fields.UUIDField()),
            ("template_id", fields.UUIDField(null=True)),
            ("role_id", fields.UUIDField()),
            ("doctor_id", fields.UUIDField()),
            ("service_id", fields.UUIDField()),
            ("department_id", fields.UUIDField()),
            ("place", fields.CharField(max_length=60)),
            ("day", fields.DateField()),
            ("part", fields.CharField(max_length=20)),
            ("starts_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ("ends_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ("opens_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ("quotas", fields.JSONField(encoder=JSON_DUMPS, decoder=loads)),
            ("status", fields.CharField(db_default="planned", max_length=20)),
            ("stop_reason", fields.CharField(db_default="", max_length=200)),
        ],
        options={
            "table": "hospital_session",
            "app": "cloud",
            "pk_attr": "id",
            "table_description": "One doctor's part of one day: a Schedule with its Slots. ``quotas`` is frozen when its numbers are made.",
        },
        bases=["TenantRow"],
    ),
    ops.CreateModel(
        name="ClinicSlot",
        fields=[
            ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
            ("created_at", fields.DatetimeField(db_default=Now(), auto_now=False, auto_now_add=False)),
            ("tenant_id", fields.UUIDField()),
            ("session_id", fields.UUIDField()),
            ("number", fields.SmallIntField()),
            ("kind", fields.CharField(max_length=20)),
            ("starts_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ("ends_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
        ],
        options={
            "table": "hospital_slot",
            "app": "cloud",
            "pk_attr": "id",
            "table_description": "One number of a session, of one kind, with its time. Whether it is free, its live appointment says.",
        },
        bases=["TenantRow"],
    ),
    ops.CreateModel(
        name="ClinicWaiting",
        fields=[
            ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
            ("created_at", fields.DatetimeField(db_default=Now(), auto_now=False, auto_now_add=False)),
            ("tenant_id", fields.UUIDField()),
            ("session_id", fields.UUIDField()),
            ("account_id", fields.UUIDField()),
            ("visit", fields.CharField(max_length=10)),
            ("person_id", fields.UUIDField()),
            ("status", fields.CharField(db_default="waiting", max_length=20)),
            ("offered_until", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ("ended_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
        ],
        options={
            "table": "hospital_waiting",
            "app": "cloud",
            "pk_attr": "id",
            "table_description": "Somebody waits for a number of a full session; when one is free it is offered for a while, then to the next.",
        },
        bases=["TenantRow"],
    ),
    ops.CreateModel(
        name="Department",
        fields=[
            ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
            ("created_at", fields.DatetimeField(db_default=Now(), auto_now=False, auto_now_add=False)),
            ("tenant_id", fields.UUIDField()),
            ("code", fields.CharField(max_length=20)),
            ("names", fields.JSONField(encoder=JSON_DUMPS, decoder=loads)),
            ("position", fields.SmallIntField(db_default=0)),
            ("is_active", fields.BooleanField(db_default=True)),
        ],
        options={
            "table": "hospital_department",
            "app": "cloud",
            "pk_attr": "id",
            "table_description": "A department; ``names`` maps a locale to the name people read.",
        },
        bases=["TenantRow"],
    ),
    ops.CreateModel(
        name="Doctor",
        fields=[
            ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
            ("created_at", fields.DatetimeField(db_default=Now(), auto_now=False, auto_now_add=False)),
            ("tenant_id", fields.UUIDField()),
            ("code", fields.CharField(max_length=40)),
            ("name", fields.CharField(max_length=100)),
            ("title", fields.CharField(max_length=20)),
            ("about", fields.CharField(db_default="", max_length=300)),
            ("person_id", fields.UUIDField(null=True)),
            ("is_active", fields.BooleanField(db_default=True)),
        ],
        options={
            "table": "hospital_doctor",
            "app": "cloud",
            "pk_attr": "id",
            "table_description": "A practitioner; ``person_id`` is who signs in as this doctor, ``title`` one of ``kinds.TITLES``.",
        },
        bases=["TenantRow"],
    ),
    ops.CreateModel(
        name="Patient",
        fields=[
            ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
            ("created_at", fields.DatetimeField(db_default=Now(), auto_now=False, auto_now_add=False)),
            ("tenant_id", fields.UUIDField()),
            ("account_id", fields.UUIDField()),
            ("sex", fields.CharField(max_length=10)),
            ("born_on", fields.DateField()),
            ("document_kind", fields.CharField(max_length=30)),
            ("document_hash", fields.BinaryField()),
            ("document", fields.BinaryField()),
            ("document_mask", fields.CharField(max_length=30)),
            ("phone", fields.BinaryField()),
            ("agreed_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
        ],
        options={
            "table": "hospital_patient",
            "app": "cloud",
            "pk_attr": "id",
            "table_description": "What the hospital knows of an account's patient; its row is the lock under which the patient books.",
        },
        bases=["TenantRow"],
    ),
    ops.CreateModel(
        name="PractitionerRole",
        fields=[
            ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
            ("created_at", fields.DatetimeField(db_default=Now(), auto_now=False, auto_now_add=False)),
            ("tenant_id", fields.UUIDField()),
            ("doctor_id", fields.UUIDField()),
            ("service_id", fields.UUIDField()),
            ("department_id", fields.UUIDField()),
            ("is_active", fields.BooleanField(db_default=True)),
        ],
        options={
            "table": "hospital_practitioner_role",
            "app": "cloud",
            "pk_attr": "id",
            "table_description": "A doctor in a service of a department.",
        },
        bases=["TenantRow"],
    ),
    ops.CreateModel(
        name="ScheduleTemplate",
        fields=[
            ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
            ("created_at", fields.DatetimeField(db_default=Now(), auto_now=False, auto_now_add=False)),
            ("tenant_id", fields.UUIDField()),
            ("role_id", fields.UUIDField()),
            ("place", fields.CharField(max_length=60)),
            ("weekday", fields.SmallIntField()),
            ("part", fields.CharField(max_length=20)),
            ("begins", fields.SmallIntField()),
            ("ends", fields.SmallIntField()),
            ("quotas", fields.JSONField(encoder=JSON_DUMPS, decoder=loads)),
            ("days_ahead", fields.SmallIntField()),
            ("opens", fields.SmallIntField()),
            ("since", fields.DateField()),
            ("until", fields.DateField(null=True)),
        ],
        options={
            "table": "hospital_template",
            "app": "cloud",
            "pk_attr": "id",
            "table_description": "One session that comes each week: when, where, and how many numbers of each kind.",
        },
        bases=["TenantRow"],
    ),
    ops.CreateModel(
        name="ClinicOrder",
        fields=[
            ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
            ("created_at", fields.DatetimeField(db_default=Now(), auto_now=False, auto_now_add=False)),
            ("tenant_id", fields.UUIDField()),
            ("account_id", fields.UUIDField()),
            ("his_id", fields.CharField(max_length=64)),
            ("what", fields.BinaryField()),
            ("amount_minor", fields.BigIntField()),
            ("currency", fields.CharField(max_length=3)),
            ("status", fields.CharField(db_default="billable", max_length=20)),
            ("basket_id", fields.UUIDField(null=True)),
            ("ordered_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
        ],
        options={
            "table": "hospital_order",
            "app": "cloud",
            "pk_attr": "id",
            "table_description": "One charge item of the hospital's system. ``what`` it is for is clinical and kept encrypted.",
        },
        bases=["TenantRow"],
    ),
    ops.CreateModel(
        name="HisBreak",
        fields=[
            ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
            ("created_at", fields.DatetimeField(db_default=Now(), auto_now=False, auto_now_add=False)),
            ("tenant_id", fields.UUIDField()),
            ("day", fields.DateField()),
            ("kind", fields.CharField(max_length=30)),
            ("key", fields.CharField(max_length=80)),
            ("ours_minor", fields.BigIntField(null=True)),
            ("theirs_minor", fields.BigIntField(null=True)),
            ("currency", fields.CharField(max_length=3)),
            ("status", fields.CharField(db_default="open", max_length=20)),
            ("reason", fields.CharField(db_default="", max_length=500)),
            ("closed_by_name", fields.CharField(db_default="", max_length=100)),
            ("closed_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
        ],
        options={
            "table": "hospital_his_break",
            "app": "cloud",
            "pk_attr": "id",
            "table_description": "One difference between our payments and the system's postings of a day, closed by a person with a reason.",
        },
        bases=["TenantRow"],
    ),
    ops.CreateModel(
        name="OrderBasket",
        fields=[
            ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
            ("created_at", fields.DatetimeField(db_default=Now(), auto_now=False, auto_now_add=False)),
            ("tenant_id", fields.UUIDField()),
            ("account_id", fields.UUIDField()),
            ("reference", fields.CharField(max_length=40)),
            ("amount_minor", fields.BigIntField()),
            ("currency", fields.CharField(max_length=3)),
            ("status", fields.CharField(db_default="paying", max_length=20)),
            ("hold_id", fields.UUIDField(null=True)),
            ("bill_id", fields.UUIDField(null=True)),
            ("paid_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ("asked_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ("tries", fields.SmallIntField(db_default=0)),
            ("problem", fields.CharField(db_default="", max_length=200)),
            ("his_reference", fields.CharField(db_default="", max_length=64)),
            ("is_cleared", fields.BooleanField(db_default=True)),
            ("ended_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
        ],
        options={
            "table": "hospital_basket",
            "app": "cloud",
            "pk_attr": "id",
            "table_description": "Orders that are paid together, until the hospital's system has confirmed it or the money has gone back.",
        },
        bases=["TenantRow"],
    ),
]


class Migration(migrations.Migration):
    dependencies = [("cloud", "0019_wallets")]
    operations = [*TABLES, *(ops.RunSQL(build(wall)) for wall in WALLS), ops.RunSQL(OPEN)]
