"""A whole seeding in a process of its own, interrupted twice on its way; what it comes to is printed as JSON.

A process of its own, since seeding has connections of its own and the test session keeps others open. What it leaves
in its folder is as ``cloud up`` would have left it there, and the journeys go on with it.
"""

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

COUNTS = {
    "banks": "select count(*) from tenants_bank",
    "branches": "select count(*) from tenants_branch",
    "accounts": "select count(*) from tenants_account where scenario = 'community'",
    "holders": "select count(*) from tenants_holder h join tenants_account a on a.id = h.account_id"
    " where a.scenario = 'community' and h.sees is null",
    "pupils": "select count(*) from tenants_account where scenario = 'education'",
    "classes": "select count(*) from education_class",
    "bills": "select count(*) from billing_bill where scenario = 'community' and run_id is not null",
    "ruleless": "select count(*) from billing_bill_line l join billing_bill b on b.id = l.bill_id"
    " where b.run_id is not null and l.fee_rule_id is null",
    "voluntary_and_overdue": "select count(*) from billing_bill b join billing_bill_line l on l.bill_id = b.id"
    " join billing_fee_item i on i.id = l.fee_item_id and i.is_voluntary where b.status in ('issued', 'part_paid')"
    " and b.due_on < (now() at time zone 'Asia/Singapore')::date and l.paid_minor = 0 and l.adjusted_minor = 0",
    "voluntary_and_open": "select count(*) from billing_bill b join billing_bill_line l on l.bill_id = b.id"
    " join billing_fee_item i on i.id = l.fee_item_id and i.is_voluntary where b.status in ('issued', 'part_paid')"
    " and b.due_on >= (now() at time zone 'Asia/Singapore')::date and l.paid_minor = 0 and l.adjusted_minor = 0",
    "drafts": "select count(*) from billing_bill where status = 'draft'",
    "runs": "select count(*) from billing_bill_run where scenario = 'community'",
    "payments": "select count(*) from billing_payment",
    "parts_of_one_bill": "select count(*) from billing_payment_part where is_live",
    "kept_back": "select count(*) from billing_risk_hold h join billing_refund r on r.id = h.refund_id"
    " where h.status = 'held' and r.status = 'approved'",
    "kept_unapproved": "select count(*) from billing_risk_hold h join billing_refund r on r.id = h.refund_id"
    " where h.status = 'held' and r.status <> 'approved'",
    "without_receipt": "select count(*) from billing_payment p where succeeded_at is not null"
    " and not exists (select 1 from billing_receipt r where r.payment_id = p.id)",
    "never_closed": "select count(*) from billing_payment where channel = 'counter' and day_close_id is null"
    " and succeeded_at < now() - interval '36 hours'",
}
FACTS = (
    "select distinct subject_kind, jsonb_object_keys(coalesce(after, '{}') || coalesce(before, '{}'))"
    " from tenants_audit order by 1, 2"
)
"""What the audit trail tells of each kind of thing."""
STATES = {
    "payments": "select distinct status from billing_payment",
    "channels": "select distinct channel from billing_payment where succeeded_at is not null",
    "refunds": "select distinct status from billing_refund",
    "suspense": "select distinct status from billing_suspense",
    "applications": "select distinct status from tenants_application",
    "roles": "select distinct key from tenants_role r where exists"
    " (select 1 from tenants_membership m where m.role_id = r.id)",
}


TWINS = {
    "past": "p.day_close_id is not null and p.counter_method = 'cash'",
    "taken": "p.day_close_id is null and p.counter_method = 'cash' and p.payer_name <> ''"
    " and p.created_at > now() - interval '1 hour' and p.account_id is null"
    " and p.tendered_minor is not null",
}
"""A payment in cash as the seeding has written it, and one as the product has taken it."""
_FILLED = "array(select key from jsonb_each(to_jsonb({0})) where value <> 'null' order by key)"
TWIN = "with p as (select p.* from billing_payment p where p.status = 'succeeded' and {where} order by id limit 1) "
TWIN += "select " + ", ".join(
    f"(select jsonb_agg({_FILLED.format('t')}) from {table} t {on}) {name}"
    for name, table, on in (
        ("payment", "p", ""),
        ("parts", "billing_payment_part", "join p on p.id = t.payment_id"),
        ("attempt", "billing_attempt", "join p on p.id = t.payment_id"),
        ("allocations", "billing_allocation", "join p on p.id = t.payment_id"),
        (
            "entry",
            "billing_entry",
            "join billing_attempt a on a.id = t.source_id join p on p.id = a.payment_id",
        ),
        ("receipt", "billing_receipt", "join p on p.id = t.payment_id"),
        ("audit", "tenants_audit", "join p on p.id = t.subject_id and t.act = 'payment.succeeded'"),
    )
)
TWIN += (
    ", (select jsonb_agg(jsonb_build_array(t.ledger, sign(t.amount_minor), t.account_id is null, t.bill_id is null))"
    " from billing_posting t join billing_entry e on e.id = t.entry_id"
    " join billing_attempt a on a.id = e.source_id join p on p.id = a.payment_id) postings,"
    " (select array(select jsonb_object_keys(r.document) order by 1) from billing_receipt r"
    " join p on p.id = r.payment_id) document,"
    " (select array(select jsonb_object_keys(a.after) order by 1) from tenants_audit a"
    " join p on p.id = a.subject_id and a.act = 'payment.succeeded') facts,"
    " (select array[p.status, p.channel, a.status, a.error] from billing_attempt a"
    " join p on p.id = a.payment_id) states"
)
TAMPER = """
alter table billing_bill_line disable trigger user;
alter table billing_posting disable trigger user;
update billing_bill_line set amount_minor = amount_minor + {cents} where id = (select l.id from billing_bill_line l
  join billing_bill b on b.id = l.bill_id where b.status = 'issued' order by l.id limit 1);
update billing_posting set amount_minor = amount_minor - {cents} where id = (select id from billing_posting
  where ledger = 'clearing:stripe' and tenant_id = (select id from tenants_tenant where slug = 'tengah')
  order by id limit 1);
alter table billing_bill_line enable trigger user;
alter table billing_posting enable trigger user;
"""
"""What somebody with the keys to the database might do: add a cent to a line, take one from a payment."""


class Interrupted(Exception):
    """What a killed process would be."""


async def _tampered(settings: Any, connection: Any) -> dict[str, object]:
    """Return what is found when a cent is somewhere else, which is then put back."""
    from deploy import verify  # noqa: PLC0415

    await connection.execute(TAMPER.format(cents=1))
    found: dict[str, object] = {
        "ledger": await verify.ledger(settings),
        "bills": await verify.bills(settings),
    }
    await connection.execute(TAMPER.format(cents=-1))
    return found


async def work(data: Path, port: int) -> dict[str, object]:
    import asyncpg  # noqa: PLC0415 - slow to import, and only here
    import httpx  # noqa: PLC0415

    from deploy import logs, services, verify  # noqa: PLC0415
    from deploy.database import credentials, migrate, prepare  # noqa: PLC0415
    from deploy.sandbox.server import Server  # noqa: PLC0415
    from deploy.seed import seed  # noqa: PLC0415
    from deploy.settings import Settings  # noqa: PLC0415
    from tenants.audit_words import has_label  # noqa: PLC0415
    from tests.asking import NOBODY  # noqa: PLC0415

    settings = Settings(data_dir=data, port=port, log_level="error")
    logs.configure(settings)
    superuser = services.start_postgres(data, is_durable=False)
    sandbox = Server(data / "sandbox", port=settings.sandbox_port, smtp_port=settings.sandbox_smtp_port)
    try:
        sandbox.start()
        await prepare(settings)
        await migrate(settings)
        interruptions = await _interrupted(settings)
        first = await seed(settings, lambda _: None)
        connection = await asyncpg.connect(**credentials(superuser) | {"database": "cloud"})
        before = {name: await connection.fetchval(sql) for name, sql in COUNTS.items()}
        again = await seed(settings, lambda _: None)
        after = {name: await connection.fetchval(sql) for name, sql in COUNTS.items()}
        facts = await connection.fetch(FACTS)
        states = {name: sorted(r[0] for r in await connection.fetch(sql)) for name, sql in STATES.items()}
        ledger, bills = await verify.ledger(settings), await verify.bills(settings)
        receipt = await connection.fetchval("select document from billing_receipt limit 1")
        twins = {
            name: dict(await connection.fetchrow(TWIN.format(where=where))) for name, where in TWINS.items()
        }
        tampered = await _tampered(settings, connection)
        await connection.close()
        async with httpx.AsyncClient(base_url=sandbox.url, verify=NOBODY, trust_env=False) as client:
            counts = (await client.get("/control/state")).json()["counts"]
        return {
            "url": settings.public_url,
            "at_the_bank": counts,
            "interruptions": interruptions,
            "is_new": [first.is_new, again.is_new],
            "signins": [list(first.signins), list(again.signins)],
            "without_words": [f"{r[0]}.{r[1]}" for r in facts if not has_label(r[0], r[1])],
            "receipt": json.loads(receipt),
            "counts": [before, after],
            "states": states,
            "tampered": tampered,
            "twins": twins,
            "ledger": ledger,
            "bills": bills,
        }
    finally:
        sandbox.stop()
        services.stop_postgres(data)


async def _interrupted(settings) -> int:
    """Seed until the middle of a draft, then until payments are written but not committed; both die there."""
    from deploy.seed import books, seed, work  # noqa: PLC0415

    write = books.write
    interruptions = 0

    async def die(self) -> None:
        raise Interrupted

    async def write_and_die(desk, past) -> None:
        await write(desk, past)
        raise Interrupted

    for place, name, deadly in ((work.Statistics, "of_bills", die), (books, "write", write_and_die)):
        kept = getattr(place, name)
        setattr(place, name, deadly)
        try:
            await seed(settings, lambda _: None)
        except Interrupted:
            interruptions += 1
        finally:
            setattr(place, name, kept)
    return interruptions


if __name__ == "__main__":
    sys.stdout.write(json.dumps(asyncio.run(work(Path(sys.argv[1]), int(sys.argv[2]))), default=str))
