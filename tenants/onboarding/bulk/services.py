"""A bulk file's way: uploaded → checking → checked → applying → applied, decided by another person than its uploader.

Each good row becomes an application and an institution in one transaction of its own: none is ever half made, and a
file that was interrupted goes on with the rows that are left.
"""

import asyncio
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any
from uuid import UUID

from tenants import audit
from tenants.actor import Actor
from tenants.banks.policy import policy_of
from tenants.banks.reach import bank_of, sees_branch
from tenants.ids import new_id
from tenants.jobs import enqueue, job
from tenants.models import Application, BulkFile, BulkRow
from tenants.onboarding import services as one_by_one
from tenants.onboarding.accounts import columns_of
from tenants.onboarding.bulk import table
from tenants.onboarding.findings import Finding, known_here, told_outside
from tenants.onboarding.forms import ApplicationForm
from tenants.onboarding.scoring import points, score_of, sentence
from tenants.scope import execute, open_scope, rows, tenant_scope
from tenants.states import Edge, Machine
from tenants.tabular import ConvertedRow, convert_rows
from ui.errors import AppError, Conflict, Forbidden, Invalid, NotFound
from ui.i18n import current_locale, in_each_language, t

CHECK_JOB, APPLY_JOB = "onboarding.check_bulk", "onboarding.apply_bulk"
AT_ONCE = 16
"""Rows of which registry and lists are asked together."""
BULK = Machine(
    "bulk file",
    "checking",
    {
        "check": Edge(("checking",), "checked", "every row has been judged"),
        "apply": Edge(("checked",), "applying", "another person has approved its good rows"),
        "finish": Edge(("applying",), "applied", "no good row is left"),
        "drop": Edge(("checked",), "dropped", "it goes no further"),
    },
)


async def upload(
    actor: Actor, *, content: bytes, filename: str, branch_id: UUID, currency: str, timezone: str, locale: str
) -> BulkFile:
    """Take a file whose columns are all there, and have its rows judged.

    Raises:
        Invalid: it is no table, lacks columns, or the branch is not the actor's.
    """
    actor.require("applications.write")
    if not await sees_branch(actor, branch_id):
        text = t("Choose one of your branches.")
        raise Invalid("bulk.branch", text, fields={"branch_id": text})
    await asyncio.to_thread(table.read, content, filename)
    made = await BulkFile.create(
        id=new_id(),
        bank_id=bank_of(actor),
        branch_id=branch_id,
        filename=filename[:200],
        content=content,
        terms={"currency": currency, "timezone": timezone, "locale": locale},
        uploaded_by=actor.person_id,
        uploaded_by_name=actor.name[:100],
    )
    await _record(actor, made, "bulk_file.uploaded")
    await _work(made, CHECK_JOB)
    return made


async def _work(found: BulkFile, name: str) -> None:
    """Have background work done for the bank: its rows in the outbox stand under the bank's own id."""
    async with open_scope(tenant_scope(found.bank_id)):
        await enqueue(name, {"bulk_id": str(found.id)})


async def get(actor: Actor, bulk_id: UUID) -> BulkFile:
    """Return a file of the actor's bank and branches."""
    found = await BulkFile.get_or_none(bank_id=bank_of(actor), id=bulk_id)
    if found is None or not await sees_branch(actor, found.branch_id):
        raise NotFound("bulk.not_found", t("There is no such file."))
    return found


REFUSED = (
    "select number, (select string_agg(one ->> $2, ' ') from jsonb_array_elements(problems) one) problems"
    " from tenants_bulk_row where bulk_id = $1 and status in ('wrong', 'failed') order by number"
)


@job(CHECK_JOB, is_transactional=False)
async def check(actor: Actor, payload: dict[str, Any]) -> None:
    """Judge every row: its form first, then registry, lists and duplicates."""
    bank = _bank_actor(actor)
    async with open_scope(bank.scope()):
        found = await BulkFile.get(bank_id=bank.bank_id, id=UUID(payload["bulk_id"]))
        await execute("delete from tenants_bulk_row where bulk_id = $1", found.id)
    if found.status != "checking":
        return
    judged = await asyncio.to_thread(_judge, found)
    good = [one for one in judged if not one[2]]
    limit = await _limit(bank)
    for start in range(0, len(good), AT_ONCE):
        await _look(bank, good[start : start + AT_ONCE], limit)
    await _keep(bank, found, judged)


def _judge(found: BulkFile) -> list[table.Judged]:
    _, lines, columns = table.read(bytes(found.content), found.filename)
    return list(table.judge(lines, columns, found.branch_id, found.terms))


async def _limit(bank: Actor) -> int:
    async with open_scope(bank.scope()):
        policy = await policy_of(bank_of(bank))
        return int(policy.score_to_refuse)


async def _look(bank: Actor, batch: Sequence[table.Judged], limit: int) -> None:
    """Add why a row is not taken: its findings, when they reach the bank's limit or somebody was silent."""
    shadows = [_shadow(bank, facts) for _, facts, _ in batch]
    outside = await asyncio.gather(*map(told_outside, shadows))
    async with open_scope(bank.scope()):
        for (_, _, problems), shadow, told in zip(batch, shadows, outside, strict=True):
            found = [*told, *await known_here(shadow)]
            if _is_refused(found, limit):
                problems.extend(table.in_languages(partial(_sentences, found)))


def _sentences(found: Sequence[Finding]) -> list[str]:
    return [str(sentence(one)) for one in found if points(one)]


def _shadow(bank: Actor, facts: table.Facts) -> Application:
    """Return a row as an application that is not written down."""
    columns = columns_of(ApplicationForm.model_validate(facts))
    return Application(**columns, id=new_id(), bank_id=bank.bank_id)


def _is_refused(found: Sequence[Finding], limit: int) -> bool:
    is_silent = any(one["key"].endswith("_silent") for one in found)
    is_known = any(one["key"] == "same_code" for one in found)
    is_unregistered = any(one["key"] == "registry_missing" for one in found)
    return is_silent or is_known or is_unregistered or score_of(found) >= limit


async def _keep(bank: Actor, found: BulkFile, judged: Sequence[table.Judged]) -> None:
    async with open_scope(bank.scope()):
        await execute(
            "insert into tenants_bulk_row (id, bank_id, bulk_id, number, facts, problems, status)"
            " select new_id(), $1, $2, n, f, p, case when p = '[]' then 'good' else 'wrong' end"
            " from unnest($3::int[], $4::jsonb[], $5::jsonb[]) r (n, f, p)",
            found.bank_id,
            found.id,
            [number for number, _, _ in judged],
            [json.dumps(_without_account(facts), ensure_ascii=False) for _, facts, _ in judged],
            [json.dumps(problems, ensure_ascii=False) for _, _, problems in judged],
        )
        found.status, found.rows = BULK.after(found.status, "check"), len(judged)
        found.good = sum(not problems for _, _, problems in judged)
        found.wrong = found.rows - found.good
        await found.save(update_fields=["status", "rows", "good", "wrong"])


def _without_account(facts: table.Facts) -> table.Facts:
    """Leave the account's number to the file itself, which nobody is shown."""
    return {key: value for key, value in facts.items() if key != "settlement_account_number"}


async def approve(actor: Actor, bulk_id: UUID) -> BulkFile:
    """Have the good rows taken on: decided by another person than the uploader, signed in freshly and strongly.

    Raises:
        Forbidden: it is the actor's own file.
        Conflict: it is not checked, or nothing in it is good.
    """
    actor.require("applications.decide")
    actor.require_fresh()
    await get(actor, bulk_id)
    found = await BulkFile.select_for_update().get(bank_id=bank_of(actor), id=bulk_id)
    if found.uploaded_by == actor.person_id:
        raise Forbidden("bulk.own", t("Somebody else must decide on a file you brought in yourself."))
    if not BULK.can(found.status, "apply") or not found.good:
        raise Conflict("bulk.state", t("Nothing in this file waits to be taken on."))
    found.status = BULK.after(found.status, "apply")
    found.decided_by, found.decided_by_name, found.decided_at = (
        actor.person_id,
        actor.name[:100],
        datetime.now(UTC),
    )
    await found.save(update_fields=["status", "decided_by", "decided_by_name", "decided_at"])
    await _record(actor, found, "bulk_file.approved")
    await _work(found, APPLY_JOB)
    return found


async def drop(actor: Actor, bulk_id: UUID) -> BulkFile:
    """Let a file go no further."""
    actor.require("applications.write")
    await get(actor, bulk_id)
    found = await BulkFile.select_for_update().get(bank_id=bank_of(actor), id=bulk_id)
    if not BULK.can(found.status, "drop"):
        raise Conflict("bulk.state", t("Nothing in this file waits to be taken on."))
    found.status = BULK.after(found.status, "drop")
    await found.save(update_fields=["status"])
    await _record(actor, found, "bulk_file.dropped")
    return found


@job(APPLY_JOB, is_transactional=False)
async def apply(actor: Actor, payload: dict[str, Any]) -> None:
    """Take on every good row that is left; one that fails says why and holds up nobody else."""
    bank = _bank_actor(actor)
    async with open_scope(bank.scope()):
        found = await BulkFile.get(bank_id=bank.bank_id, id=UUID(payload["bulk_id"]))
        waiting = await rows(
            "select id, number from tenants_bulk_row where bulk_id = $1 and status = 'good' order by number",
            found.id,
        )
    if found.status != "applying":
        return
    wanted = {each["number"] for each in waiting}
    facts = {number: f for number, f, _ in await asyncio.to_thread(_judge, found) if number in wanted}
    for each in waiting:
        await _take_on(bank, found, each["id"], facts[each["number"]])
    async with open_scope(bank.scope()):
        await _finish(found)


async def _take_on(bank: Actor, found: BulkFile, row_id: UUID, facts: table.Facts) -> None:
    try:
        async with open_scope(bank.scope()):
            row = await BulkRow.select_for_update(skip_locked=True).get_or_none(id=row_id, status="good")
            if row is None:
                return
            kept = {key: row.facts[key] for key in ("slug",)}
            made, tenant = await one_by_one.take_on(bank, found, ApplicationForm.model_validate(facts | kept))
            row.status, row.application_id, row.tenant_id = "live", made.id, tenant.id
            await row.save(update_fields=["status", "application_id", "tenant_id"])
    except AppError as error:
        async with open_scope(bank.scope()):
            said = in_each_language(partial(str, error.message))
            await BulkRow.filter(id=row_id).update(status="failed", problems=[said])


async def refused(found: BulkFile) -> tuple[Sequence[str], list[ConvertedRow], dict[int, str]]:
    """Return the header, the rows that were not taken on as they stood in the file, and why, by row."""
    bad = await rows(REFUSED, found.id, current_locale())
    why = {one["number"]: one["problems"] for one in bad}
    header, lines, columns = table.read(bytes(found.content), found.filename)
    kept = [row for row in convert_rows(lines, columns, table.fields()) if row.number in why]
    return header, kept, why


async def _finish(found: BulkFile) -> None:
    counted = await rows(
        "select status, count(*) n from tenants_bulk_row where bulk_id = $1 group by status", found.id
    )
    numbers = {each["status"]: each["n"] for each in counted}
    found.live, found.wrong = numbers.get("live", 0), numbers.get("wrong", 0) + numbers.get("failed", 0)
    found.status, found.done_at = BULK.after(found.status, "finish"), datetime.now(UTC)
    await found.save(update_fields=["live", "wrong", "status", "done_at"])


def _bank_actor(actor: Actor) -> Actor:
    """Return the bank as it works in the background; its outbox rows stand under its own id.

    Whoever has approved the file was signed in freshly and strongly, which stands for every row of it.
    """
    return Actor(
        kind="bank",
        name="Scenario Cloud",
        bank_id=actor.tenant_id,
        permissions=frozenset({"applications.write", "applications.decide"}),
        level=3,
        auth_time=datetime.now(UTC),
    )


async def progress(found: BulkFile) -> dict[str, int]:
    """Return how many rows stand where."""
    counted = await rows(
        "select status, count(*) n from tenants_bulk_row where bulk_id = $1 group by status", found.id
    )
    return {each["status"]: each["n"] for each in counted}


async def _record(actor: Actor, found: BulkFile, act: str) -> None:
    await audit.record(
        actor,
        act,
        subject_kind="bulk_file",
        subject_id=found.id,
        subject_label=found.filename,
        after={"rows": found.rows, "good": found.good, "wrong": found.wrong},
    )
