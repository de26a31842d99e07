"""Staged accounts and holders into their tables, set by set: what is new is added, what differs changed, the rest left.

A staged record has ``number kind name place sort_key attributes defaults`` and, where the row names a holder,
``relation holder email phone since``. What is blank in the file stays as it is in the tables; ``defaults`` are for
new accounts alone. An import never ends a holder and never touches who has confirmed themselves; one that was ended
stays ended. A scenario with tables of its own adds columns, marks what differs there and writes it
(``apply_accounts``).
"""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from tenants.actor import Actor
from tenants.kinds import Applied, RowProblem
from tenants.scope import execute, row, rows, value
from ui.i18n import t

TABLE = "staged_account"
"""The transaction's own table: the records, ``account_id`` (new or known), ``is_known``, ``holder_id``, ``status``."""
BATCH = "batch"
"""``action`` of the import rows that hold accepted records, many in each."""

_RECORD = (
    "number text, kind text, name text, place text, sort_key text, attributes jsonb, defaults jsonb,"
    " relation text, holder text, email text, phone text, since date"
)
_FOUND = "account_id uuid, is_known boolean, holder_id uuid, status text"
_ACCOUNT_DIFFERS = (
    "((a.kind, a.name, a.place, a.sort_key) is distinct from (s.kind, s.name, s.place, s.sort_key)"
    " or not a.attributes @> s.attributes)"
)
_HOLDER_DIFFERS = (
    "(h.until is null and ((s.email is not null and s.email <> h.email)"
    " or (s.phone is not null and s.phone <> h.phone)"
    " or (s.since is not null and s.since is distinct from h.since)))"
)
_FILL = """
insert into staged_account
select s.*, coalesce(a.id, new_id()), a.id is not null, h.id,
       case when a.id is null then 'added'
            when {account} or (s.holder is not null and h.id is null) or coalesce({holder}, false) then 'changed'
            else 'unchanged' end
  from tenants_import_row r
 cross join lateral jsonb_to_recordset(r.values) s ({columns})
  left join tenants_account a on a.tenant_id = $1 and a.scenario = $3 and a.number = s.number
  left join tenants_holder h on h.tenant_id = $1 and h.account_id = a.id and h.relation = s.relation
       and h.name = s.holder
 where r.tenant_id = $1 and r.import_id = $2 and r.action = 'batch'
"""
_CHANGE_ACCOUNTS = f"""
update tenants_account a
   set kind = s.kind, name = s.name, place = s.place, sort_key = s.sort_key,
       attributes = a.attributes || s.attributes, updated_at = now()
  from staged_account s
 where a.tenant_id = $1 and a.id = s.account_id and s.is_known and s.status = 'changed' and {_ACCOUNT_DIFFERS}
"""
_ADD_ACCOUNTS = """
insert into tenants_account (tenant_id, id, scenario, kind, number, name, place, sort_key, attributes)
select $1, account_id, $2, kind, number, name, place, sort_key, coalesce(defaults, '{}') || attributes
  from staged_account where not is_known order by sort_key
"""
_CHANGE_HOLDERS = f"""
update tenants_holder h
   set email = coalesce(s.email, h.email), phone = coalesce(s.phone, h.phone), since = coalesce(s.since, h.since)
  from staged_account s
 where h.tenant_id = $1 and h.id = s.holder_id and s.status = 'changed' and {_HOLDER_DIFFERS}
"""
_ADD_HOLDERS = """
insert into tenants_holder (tenant_id, account_id, relation, name, email, phone, since)
select $1, account_id, relation, holder, coalesce(email, ''), coalesce(phone, ''), since
  from staged_account where holder is not null and holder_id is null
"""


async def stage(tenant_id: UUID, import_id: UUID, scenario: str, *, extra: str = "") -> None:
    """Fill ``staged_account`` with an import's accepted records, each beside what the tables have of it.

    ``extra`` are further columns of the records, as ``name type, …``.
    """
    await by_sets()
    columns = _RECORD + (f", {extra}" if extra else "")
    await execute(f"drop table if exists {TABLE}")
    await execute(f"create temporary table {TABLE} ({columns}, {_FOUND}) on commit drop")
    fill = _FILL.format(columns=columns, account=_ACCOUNT_DIFFERS, holder=_HOLDER_DIFFERS)
    await execute(fill, tenant_id, import_id, scenario)


async def by_sets() -> None:
    """Have PostgreSQL join whole sets until the end of the transaction.

    Right after a large import its statistics still say that the tables are empty, and it would look up every row by
    reading all of them.
    """
    await value("select set_config('enable_nestloop', 'off', true)")


async def alone(tenant_id: UUID) -> None:
    """Let what adds accounts to a tenant wait for each other until the end of the transaction."""
    await value("select pg_advisory_xact_lock(hashtextextended($1, 0))", f"accounts:{tenant_id}")


async def write(tenant_id: UUID, scenario: str) -> None:
    """Write the staged accounts and holders."""
    await execute(_CHANGE_ACCOUNTS, tenant_id)
    await execute(_ADD_ACCOUNTS, tenant_id, scenario)
    await execute(_CHANGE_HOLDERS, tenant_id)
    await execute(_ADD_HOLDERS, tenant_id)


async def counts() -> Applied:
    """Return how many staged rows are new, differ, or stand in the tables already."""
    found = await row(
        f"select count(*) filter (where status = 'added') added,"
        f" count(*) filter (where status = 'changed') changed,"
        f" count(*) filter (where status = 'unchanged') unchanged from {TABLE}"
    )
    assert found is not None  # noqa: S101 - an aggregate has one row
    return Applied(found["added"], found["changed"], found["unchanged"])


async def compare_accounts(
    scenario: str, actor: Actor, import_id: UUID, *, extra: str = "", mark: str = ""
) -> Applied:
    """Count what ``apply_accounts`` would do."""
    tenant_id = _tenant(actor)
    await stage(tenant_id, import_id, scenario, extra=extra)
    if mark:
        await execute(mark, tenant_id)
    return await counts()


async def apply_accounts(
    scenario: str,
    actor: Actor,
    import_id: UUID,
    *,
    extra: str = "",
    mark: str = "",
    then: Sequence[str] = (),
) -> Applied:
    """Write accounts and holders, and what a scenario has beside them; give ``ImportSpec`` a ``partial`` of it.

    ``extra`` are further columns (see ``stage``), ``mark`` says which rows differ by them, and ``then`` writes them:
    statements over the staged rows whose ``$1`` is the tenant. A second time changes nothing.
    """
    tenant_id = _tenant(actor)
    await alone(tenant_id)
    counted = await compare_accounts(scenario, actor, import_id, extra=extra, mark=mark)
    await write(tenant_id, scenario)
    for statement in then:
        await execute(statement, tenant_id)
    return counted


async def check_accounts(
    scenario: str, column: str, actor: Actor, records: Sequence[tuple[int, dict[str, Any]]]
) -> list[RowProblem]:
    """Refuse rows of accounts that are closed, or that are of another kind; ``column`` is where it is told."""
    by_number = {record["number"]: (number, record) for number, record in records}
    found = await rows(
        "select a.number, a.kind, a.is_active from unnest($3::text[]) asked (number) cross join lateral"
        " (select number, kind, is_active from tenants_account a where tenant_id = $1 and scenario = $2"
        "  and a.number = asked.number limit 1) a",
        _tenant(actor),
        scenario,
        list(by_number),
    )
    problems = []
    for known in found:
        number, record = by_number[known["number"]]
        if not known["is_active"]:
            reason = t("is closed; open the account again before importing it")
        elif known["kind"] != record["kind"]:
            reason = t("is already an account of another kind")
        else:
            continue
        problems.append(RowProblem(number, column, known["number"], reason))
    return problems


def _tenant(actor: Actor) -> UUID:
    if actor.tenant_id is None:
        raise ValueError("an import belongs to a tenant")
    return actor.tenant_id
