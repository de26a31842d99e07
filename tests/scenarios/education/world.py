"""A small school: its tables, bundles and people, made the way a school would."""

import csv
import io
import zipfile
from datetime import date, timedelta
from typing import Any

from billing.charges import fees, runs
from billing.models import Bill, BillRun, FeeItem
from billing.payments.settlement import CONNECT_JOB, provision_settlement
from billing.payments.taking import take_payment
from billing.rules import parse
from scenarios.education.family.children import Child, child_of
from scenarios.education.importing import PUPILS
from scenarios.education.offers import office
from scenarios.education.offers.office import Asked, Option
from scenarios.education.roster import services as rosters
from tenants.actor import system_actor
from tenants.ids import new_id
from tenants.imports import services as imports
from tenants.models import Account, Tenant
from tenants.scope import execute, open_scope, tenant_scope
from tests import make
from tests.jobs import run_due

HEADER = (
    "Pupil number", "Name", "Grade", "Class", "Meals", "After-school care", "Guardian", "Relation", "E-mail",
    "Phone", "Second guardian", "Date of birth",
)  # fmt: skip


def pupil(number: str, name: str, **given: Any) -> tuple[Any, ...]:
    values = {
        "grade": "3", "class_title": "3A", "meals": "none", "care": "no", "guardian": f"Parent of {name}",
        "relation": "parent", "email": f"{number.lower()}@mail.example", "phone": "", "second": "",
        "born": "2017-03-01",
    } | given  # fmt: skip
    return (number, name, *values.values())


def table(*rows: Any, header: tuple[str, ...] = HEADER) -> bytes:
    out = io.StringIO(newline="")
    csv.writer(out).writerows([header, *rows])
    return out.getvalue().encode()


async def bring_in(tenant: Tenant, staff: Any, content: bytes) -> dict[str, int]:
    """Import a table of pupils and return what became of it."""
    async with open_scope(tenant_scope(tenant.id)):
        made = await imports.upload(staff, kind=PUPILS.kind, filename="pupils.csv", content=content)
        match = await imports.match(staff, made)
        await imports.choose(staff, made.id, chosen=match.proposed)
    await run_due(tenant.id)
    async with open_scope(tenant_scope(tenant.id)):
        checked = await imports.get(staff, made.id)
        if checked.counts["added"] or checked.counts["changed"]:
            await imports.apply(staff, made.id)
    await run_due(tenant.id)
    async with open_scope(tenant_scope(tenant.id)):
        return (await imports.get(staff, made.id)).counts


async def school(bank: make.Bank, **given: Any) -> tuple[Tenant, Any]:
    """A school and its administrator, who may do everything there."""
    tenant = await make.tenant(bank, scenario="education", **given)
    staff = await make.staff(tenant)
    staff.place.update(
        {"scenarios": tenant.scenarios, "timezone": tenant.timezone, "currency": tenant.currency}
    )
    return tenant, staff


def bundle(modes: dict[str, str] | None = None, **files: list[dict[str, Any]]) -> bytes:
    """A OneRoster bundle of these files; each row gives the columns it has."""
    named = {"school_years": "academicSessions"}
    said = {"manifest.version": "1.0", "oneroster.version": "1.2"}
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for key, rows in files.items():
            name = named.get(key, key)
            said[f"file.{name}"] = (modes or {}).get(key, "bulk")
            archive.writestr(f"{name}.csv", _csv(rows))
        rows = [{"propertyName": key, "value": value} for key, value in said.items()]
        archive.writestr("manifest.csv", _csv(rows))
    return out.getvalue()


def _csv(rows: list[dict[str, Any]]) -> str:
    out = io.StringIO(newline="")
    columns = list(dict.fromkeys(key for row in rows for key in row))
    writer = csv.DictWriter(out, columns, restval="")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


def small_roster(count: int = 2, **changed: Any) -> dict[str, list[dict[str, Any]]]:
    """A school with one class, ``count`` pupils and a mother of them all."""
    pupils = [
        {
            "sourcedId": f"p{n}", "enabledUser": "true", "username": f"p{n}", "givenName": f"Child{n}",
            "familyName": "Tan", "identifier": f"S{n:03d}", "grades": "03", "agentSourcedIds": "g1", "email": "",
        }
        for n in range(1, count + 1)
    ]  # fmt: skip
    mother = {
        "sourcedId": "g1", "enabledUser": "true", "username": "g1", "givenName": "Mei", "familyName": "Tan",
        "identifier": "", "grades": "", "agentSourcedIds": "", "email": "mei@mail.example",
    }  # fmt: skip
    teacher = mother | {
        "sourcedId": "t1",
        "username": "t1",
        "givenName": "Ann",
        "familyName": "Lee",
        "email": "ann@school.example",
    }
    roles = [
        {"sourcedId": f"r-{u}", "userSourcedId": u, "roleType": "primary", "role": role, "orgSourcedId": "o1"}
        for u, role in [*((p["sourcedId"], "student") for p in pupils), ("g1", "parent"), ("t1", "teacher")]
    ]
    members = [*((p["sourcedId"], "student") for p in pupils), ("t1", "teacher")]
    return {
        "orgs": [{"sourcedId": "o1", "name": "Hill School", "type": "school"}],
        "school_years": [
            {
                "sourcedId": "y1", "title": "2026", "type": "schoolYear", "startDate": "2026-01-01",
                "endDate": "2026-12-31", "schoolYear": "2026",
            }
        ],
        "classes": [
            {
                "sourcedId": "c1", "title": "3A", "grades": "03", "classType": "homeroom", "schoolSourcedId": "o1",
                "termSourcedIds": "y1",
            }
        ],
        "users": [*pupils, mother, teacher],
        "roles": roles,
        "enrollments": [
            {
                "sourcedId": f"e-{u}", "classSourcedId": "c1", "schoolSourcedId": "o1", "userSourcedId": u,
                "role": role,
            }
            for u, role in members
        ],
    } | changed  # fmt: skip


async def bring_roster(tenant: Tenant, staff: Any, content: bytes, *, apply: bool = True, **said: Any) -> Any:
    """Bring a bundle along and, where it changes anything, in."""
    async with open_scope(tenant_scope(tenant.id)):
        made = await rosters.upload(staff, filename="roster.zip", content=content)
    await run_due(tenant.id)
    async with open_scope(tenant_scope(tenant.id)):
        found = await rosters.get(staff, made.id)
        if found.state == "checked" and apply:
            await rosters.apply(staff, made.id, **said)
    await run_due(tenant.id)
    async with open_scope(tenant_scope(tenant.id)):
        return await rosters.get(staff, made.id)


async def charge(
    tenant: Tenant, staff: Any, *keys: str, month: date | None = None, places: Any = ()
) -> BillRun:
    """Put these fees into force, if they are not, and bill them for a month."""
    async with open_scope(tenant_scope(tenant.id)):
        items = await FeeItem.filter(tenant_id=tenant.id, key__in=list(keys))
        first = (month or make.today()).replace(day=1)
        for item in items:
            listed = await fees.get_item(staff, item.id)
            if listed.draft:
                parse(listed.draft.document)
                await fees.activate(staff, item.id, effective_from=first)
        run = await runs.start(
            staff,
            scenario="education",
            period=first,
            due_on=first.replace(day=28),
            fee_item_ids=[item.id for item in items],
            places=places,
        )
    await run_due(tenant.id)
    async with open_scope(tenant_scope(tenant.id)):
        drafted = await runs.get(staff, run.id)
        if not drafted.bill_count:
            await runs.cancel(staff, run.id)
    if not drafted.bill_count:
        await run_due(tenant.id)
        return drafted
    async with open_scope(tenant_scope(tenant.id)):
        await runs.request_issue(staff, run.id)
    await run_due(tenant.id)
    async with open_scope(tenant_scope(tenant.id)):
        return await runs.get(staff, run.id)


async def account(tenant: Tenant, number: str) -> Account:
    async with open_scope(tenant_scope(tenant.id)):
        return await Account.get(tenant_id=tenant.id, number=number)


async def no_outside(tenant: Tenant) -> None:
    """Leave a new account unknown to the channels: there is no outside here."""
    await execute("delete from tenants_outbox where tenant_id = $1 and job = $2", tenant.id, CONNECT_JOB)


async def account_to_be_paid_to(tenant: Tenant) -> None:
    """Give a school somewhere for its money to go."""
    async with open_scope(tenant_scope(tenant.id)):
        await provision_settlement(
            system_actor(tenant.id),
            tenant,
            bank_code="HARBSGSG",
            account_name=tenant.name,
            account_number="1020304050",
            currency="SGD",
        )
        await no_outside(tenant)


async def parent(tenant: Tenant, *numbers: str, name: str = "Tan Mei", relation: str = "parent") -> Any:
    """Somebody who has confirmed themselves as family of these pupils, and is signed in."""
    who = await make.person(name)
    for number in numbers:
        await make.holder(await account(tenant, number), who, relation=relation)
    return make.payer(who)


async def child(actor: Any, account_id: Any) -> Child:
    async with open_scope(actor.scope()):
        return await child_of(actor, account_id)


async def offer(tenant: Tenant, staff: Any, *, places: int = 2, price: int = 5_000, **given: Any) -> Any:
    """An open trip with one price."""
    today = make.today()
    asked = {
        "kind": "trip",
        "titles": {"en": "Zoo", "zh_CN": "动物园"},
        "texts": {"en": "By bus."},
        "consent": {},
        "grades": (),
        "opens_on": today - timedelta(days=2),
        "closes_on": today + timedelta(days=14),
        "options": [Option({}, price, places)],
    } | given
    async with open_scope(tenant_scope(tenant.id)):
        made = await office.add(staff, Asked(**asked))
        made = await office.turn(staff, made.id, "open")
        return made, (await office.options_of(made))[0]


async def pay_at_desk(tenant: Tenant, bill_id: Any) -> None:
    """Pay a bill in cash, whole."""
    cashier = await make.staff(tenant, "cashier", name=f"Cashier {make.serial()}")
    async with open_scope(tenant_scope(tenant.id)):
        bill = await Bill.get(tenant_id=tenant.id, id=bill_id)
    await take_payment(cashier, bills=[(bill.id, bill.left_minor)], method="cash", key=new_id().hex)
