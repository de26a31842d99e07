"""SQL that makes a table a tenant's: composite keys, forced row-level security, policies, grants.

Migrations call these functions with what they decide for each table; the catalogue test reads the result back
from PostgreSQL, so that nothing depends on somebody having remembered.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

APPLICATION = "cloud_app"
OWNER = "cloud_owner"
_OWN = re.compile(r"\bt\.(\w+)")
"""A column of the policy's own table, which has no alias there."""
TODAY = "day_of(t.tenant_id)"
"""The day it is at the institution that the row belongs to."""


@dataclass(frozen=True)
class Wall:
    """What one tenant table needs beyond its columns.

    ``refs`` maps a column to the tenant table it points into (the key includes ``tenant_id``, so another
    tenant's row is refused). ``person`` and ``link`` are SQL conditions on alias ``t`` under which a payer or
    the bearer of a pay-link reads a row; ``extra`` maps another scope kind to its condition. ``uniques`` and
    ``indexes`` are column lists without ``tenant_id``, which always leads; a ``where`` may follow.
    """

    table: str
    refs: Mapping[str, str] = field(default_factory=dict)
    person: str = ""
    link: str = ""
    extra: Mapping[str, str] = field(default_factory=dict)
    uniques: Sequence[str] = ()
    indexes: Sequence[str] = ()
    checks: Mapping[str, str] = field(default_factory=dict)
    is_append_only: bool = False


def of_mine(account: str = "t.account_id") -> str:
    """Return the condition that an account is one of the scope's person in whatever way: what is asked first."""
    return f"{account} = any ((select scope_accounts())::uuid[])"


def holds(account: str = "t.account_id", period: str = "") -> str:
    """Return the condition that the scope's person is a confirmed holder, for ``period`` where one is named."""
    span = (
        f" and (h.since is null or {period} >= date_trunc('month', h.since)::date)"
        f" and (h.until is null or {period} <= h.until)"
        if period
        else ""
    )
    return (
        f"{of_mine(account)} and exists (select 1 from tenants_holder h where h.tenant_id = t.tenant_id"
        f" and h.account_id = {account} and h.person_id = (select scope_person())"
        f" and h.confirmed_at is not null{span})"
    )


def visible(parent: str, column: str) -> str:
    """Return the condition that the parent row is visible in this scope (its own policy decides)."""
    return f"exists (select 1 from {parent} p where p.tenant_id = t.tenant_id and p.id = t.{column})"


def build(wall: Wall) -> str:
    """Return all statements for one table.

    The primary key comes last of its indexes: where statistics say nothing yet, PostgreSQL takes the youngest of
    those that look alike, and a foreign key's check must not read a tenant's whole table.
    """
    parts = [_indexes(wall), _keys(wall), _policies(wall), _grants(wall.table, wall.is_append_only)]
    if wall.is_append_only:
        parts.append(append_only(wall.table))
    return "\n".join(parts)


def _keys(wall: Wall) -> str:
    table = wall.table
    lines = [
        f"alter table {table} drop constraint {table}_pkey;",
        f"alter table {table} add constraint {table}_pkey primary key (tenant_id, id);",
        f"alter table {table} alter column id set default new_id();",
    ]
    lines += [_reference(table, column, target) for column, target in wall.refs.items()]
    lines += [
        f"alter table {table} add constraint {table}_{n}_check check ({c});" for n, c in wall.checks.items()
    ]
    return "\n".join(lines)


def _reference(table: str, column: str, target: str) -> str:
    """Return the foreign key. Rows that are there already are checked as the owner, whom no wall may then stop."""
    return (
        f"alter table {target} no force row level security;"
        f" alter table {table} add constraint {table}_{column}_fkey foreign key (tenant_id, {column})"
        f" references {target} (tenant_id, id);"
        f" alter table {target} force row level security;"
    )


def _indexes(wall: Wall) -> str:
    lines = []
    for unique, given in (("unique ", wall.uniques), ("", wall.indexes)):
        for columns in given:
            listed, _, where = columns.partition(" where ")
            name = "_".join([wall.table, *(c.strip().split(" ")[0] for c in listed.split(","))])[:55]
            suffix = "key" if unique else "idx"
            condition = f" where {where}" if where else ""
            lines.append(
                f"create {unique}index {name}_{suffix} on {wall.table} (tenant_id, {listed}){condition};",
            )
    return "\n".join(lines)


def _policies(wall: Wall) -> str:
    table = wall.table
    readers = {"person": wall.person, "link": wall.link}
    kinds = ["(select scope_is('tenant'))"]
    kinds += [f"((select scope_is('{kind}')) and {sql})" for kind, sql in readers.items() if sql]
    own = "tenant_id = (select scope_tenant())"
    seen = f"tenant_id = any ((select scope_tenants())::uuid[]) and ({' or '.join(kinds)})"
    lines = [
        protect(table),
        policy(table, "reading", f"for select using ({seen})"),
        f"create policy adding on {table} for insert with check ({own});",
        f"create policy changing on {table} for update using ({own}) with check ({own});",
        f"create policy removing on {table} for delete using ({own});",
    ]
    lines += [
        policy(table, f"by_{kind}", f"using ((select scope_is('{kind}')) and ({sql}))")
        for kind, sql in wall.extra.items()
    ]
    return "\n".join(lines)


def policy(table: str, name: str, rule: str) -> str:
    """Return the statements of a policy; in ``rule`` the table's own columns have the alias ``t``.

    Each look into another table (``exists (…)``) becomes a function, which is asked only where it matters. Written
    out in the policy, it would bring the other table's policies into every plan, and these bring those of further
    tables: a bill's lines came to 170 subplans, and a plan cost a hundred times what it found. The function reads with
    the rights of whoever asks, so that the other table's walls stand.
    """
    functions = []
    for number, look in enumerate(_looks(rule)):
        asked = f"{table}_{name}_{number}"
        columns = sorted(set(_OWN.findall(look)))
        given = ", ".join(f"of_{column} {table}.{column}%type" for column in columns)
        answer = _OWN.sub(r"of_\1", look)
        functions.append(
            f"create function {asked}({given}) returns boolean language plpgsql stable parallel safe as"
            f" $$ begin return {answer}; end $$;"
        )
        rule = rule.replace(look, f"{asked}({', '.join(f't.{column}' for column in columns)})")
    whole = _OWN.sub(rf"{table}.\1", rule)
    return "\n".join([*functions, f"create policy {name} on {table} {whole};"])


def _looks(rule: str) -> list[str]:
    """Return each ``exists (…)`` that stands in no other one."""
    found, at = [], rule.find("exists (")
    while at >= 0:
        depth, end = 1, at + len("exists (")
        while depth:
            depth += {"(": 1, ")": -1}.get(rule[end], 0)
            end += 1
        found.append(rule[at:end])
        at = rule.find("exists (", end)
    return found


def protect(table: str) -> str:
    """Return the statements that close a table to everybody until a policy opens it."""
    return f"alter table {table} enable row level security; alter table {table} force row level security;"


def _grants(table: str, is_append_only: bool) -> str:
    rights = "select, insert" if is_append_only else "select, insert, update, delete"
    return f"grant {rights} on {table} to {APPLICATION};"


def append_only(table: str) -> str:
    """Return the trigger that refuses every change to a written row, whoever asks."""
    return (
        f"create trigger {table}_append_only before update or delete on {table}"
        " for each row execute function refuse_change();"
        f"create trigger {table}_no_truncate before truncate on {table}"
        " for each statement execute function refuse_change();"
    )


def shared(table: str, policies: Mapping[str, str], *, rights: str = "select, insert, update, delete") -> str:
    """Return the statements for a table above tenants: its named policies (``name [for …] using (…)``), grants."""
    lines = [protect(table), f"grant {rights} on {table} to {APPLICATION};"]
    lines += [policy(table, name, rule) for name, rule in policies.items()]
    lines.append(
        f"create policy operator on {table} to {OWNER} using ((select scope_is('operator')));",
    )
    return "\n".join(lines)
