"""Imports, from an uploaded file to rows in the tables: uploaded → checking → checked → applying → applied.

A file that cannot be read after all is ``refused``. Until it is applied, its columns may be matched anew.
"""

import asyncio
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any
from uuid import UUID

from tenants import audit, kinds, tasks
from tenants.actor import Actor
from tenants.file_kinds import Kind
from tenants.files import FileLimits, storage
from tenants.ids import new_id
from tenants.kinds import ImportSpec
from tenants.models import Import
from tenants.runtime import runtime
from tenants.tabular import Columns, Limits, Table, choose_columns, known_names, match_columns, open_table
from ui.errors import Conflict, Invalid, NotFound
from ui.i18n import N_, t

CHECK_JOB, APPLY_JOB = "imports.check", "imports.apply"
STATES: dict[str, str] = {
    "uploaded": N_("Columns to match"),
    "checking": N_("Being checked"),
    "checked": N_("Ready to import"),
    "applying": N_("Being imported"),
    "applied": N_("Imported"),
    "refused": N_("Could not be read"),
}
OPEN = ("uploaded", "checked", "refused")
"""States in which the columns may be matched."""
SHOWN_ROWS = 3

tasks.name_kind("import.check", N_("Checking the file"))
tasks.name_kind("import.apply", N_("Importing the rows"))


@dataclass(frozen=True, slots=True)
class Match:
    """A file whose columns somebody looks at: what was found, and what is proposed for each field."""

    found: Columns
    proposed: Mapping[str, str]
    """Field key → column name, from names, from the last import of this kind, or from similar names."""
    similar: frozenset[str]
    """Fields whose proposal is only a similar name."""
    sheets: Sequence[str]
    sheet: str
    first: Sequence[Sequence[str]]


def limits() -> Limits:
    """Return how much of a table is read."""
    return Limits(size=runtime().upload_max_bytes, unpacked=runtime().upload_max_unpacked_bytes)


def specs(actor: Actor) -> list[ImportSpec]:
    """Return the tables that the actor's institution can import."""
    scenarios = actor.place.get("scenarios", ())
    own = [spec for key in scenarios if key in kinds.SCENARIOS for spec in kinds.SCENARIOS[key].imports]
    general = [
        one for one in kinds.GENERAL_IMPORTS.values() if not one.permission or actor.may(one.permission)
    ]
    return [*own, *general]


def spec_named(kind: str) -> ImportSpec:
    """Return the importable table; ``NotFound`` for one that no scenario has any more."""
    found = kinds.import_spec(kind)
    if found is None:
        raise NotFound("import.kind_unknown", t("This kind of table can no longer be imported."))
    return found


async def get(actor: Actor, import_id: UUID, *, lock: bool = False) -> Import:
    """Return an import of the actor's tenant, locked until the end of the transaction when ``lock``."""
    actor.require("imports.write")
    query = Import.filter(tenant_id=actor.tenant_id, id=import_id)
    found = await (query.select_for_update() if lock else query).first()
    if found is None:
        raise NotFound("import.not_found", t("There is no such import, or it is not yours to see."))
    return found


async def upload(
    actor: Actor, *, kind: str, filename: str, content: bytes, declared_type: str = ""
) -> Import:
    """Keep a file that can be read as a table.

    Raises:
        Invalid: it is too large, no table, or unsafe; the sentence says which and what to do (field ``file``).
    """
    actor.require("imports.write")
    spec = next((one for one in specs(actor) if one.kind == kind), None)
    if spec is None:
        raise Invalid(
            "import.kind", t("Choose what to import."), fields={"kind": t("Choose what to import.")}
        )
    allowed = FileLimits(size=runtime().upload_max_bytes, kinds=frozenset({Kind.CSV, Kind.XLSX, Kind.TEXT}))
    try:
        await asyncio.to_thread(_open, content, filename, spec, None, declared_type)
        kept = await asyncio.to_thread(
            storage().save,
            content,
            owner_key=str(actor.tenant_id),
            filename=filename,
            declared_type=declared_type,
            limits=allowed,
        )
    except Invalid as error:
        raise Invalid(
            error.code, error.message, status=error.status, fields={"file": error.message}
        ) from error
    return await Import.create(
        id=new_id(),
        tenant_id=actor.tenant_id,
        kind=kind,
        filename=kept.filename,
        storage_key=kept.key,
        sha256=hashlib.sha256(content).hexdigest(),
        mapping={},
        counts={},
        created_by=actor.person_id,
        created_by_name=actor.name[:100],
    )


async def open_upload(found: Import, spec: ImportSpec, sheet: str | None = None) -> Table:
    """Return the kept file as a table."""
    content = await asyncio.to_thread(_read, found.storage_key)
    return await asyncio.to_thread(_open, content, found.filename, spec, sheet, "")


def _read(key: str) -> bytes:
    with storage().open(key) as file:
        return file.read()


def _open(content: bytes, filename: str, spec: ImportSpec, sheet: str | None, declared_type: str) -> Table:
    return open_table(
        content,
        PurePath(filename).name,
        limits=limits(),
        known=known_names(spec.fields),
        sheet=sheet,
        declared_type=declared_type,
    )


async def match(actor: Actor, found: Import, sheet: str | None = None) -> Match:
    """Return the file's columns beside what each field would take from them."""
    spec = spec_named(found.kind)
    table = await open_upload(found, spec, sheet or found.mapping.get("sheet"))
    columns = match_columns(table.header, spec.fields)
    proposed = {key: table.header[place] for key, place in columns.places.items()}
    for key, name in (await _remembered(actor, found)).items():
        if name in table.header and name not in proposed.values():
            proposed.setdefault(key, name)
    similar = {
        key: name
        for key, name in columns.suggestions.items()
        if key not in proposed and name not in proposed.values()
    }
    chosen = sheet or found.mapping.get("sheet") or (table.sheet_names[0] if table.sheet_names else "")
    first = [row.cells for row, _ in zip(table.rows(), range(SHOWN_ROWS), strict=False)]
    return Match(columns, proposed | similar, frozenset(similar), table.sheet_names, chosen, first)


async def _remembered(actor: Actor, found: Import) -> dict[str, str]:
    """Return the mapping of this import, or that of the last one of its kind."""
    if found.mapping:
        return dict(found.mapping.get("columns", {}))
    last = (
        await Import.filter(tenant_id=actor.tenant_id, kind=found.kind, state__in=("checked", "applied"))
        .order_by("-created_at")
        .first()
    )
    return dict(last.mapping.get("columns", {})) if last else {}


async def choose(actor: Actor, import_id: UUID, *, chosen: Mapping[str, str], sheet: str = "") -> Import:
    """Fix which column is which field and have the file tried dry in the background.

    Raises:
        Invalid: a required field has no column, or two fields want the same one.
        Conflict: the import is being worked on or was applied.
    """
    found = await get(actor, import_id, lock=True)
    if found.state not in OPEN:
        raise Conflict("import.not_open", t("This import has moved on. Look at it again."))
    spec = spec_named(found.kind)
    table = await open_upload(found, spec, sheet or None)
    columns = choose_columns(table.header, spec.fields, chosen)
    if columns.missing:
        needed = t("Choose the column that holds this.")
        raise Invalid(
            "import.columns_missing",
            t("Some columns that are needed have not been chosen."),
            fields={field.key: needed for field in columns.missing},
        )
    found.mapping = {
        "sheet": sheet,
        "header": table.header,
        "columns": {key: table.header[place] for key, place in columns.places.items()},
        "unknown": columns.unknown,
        "first": [row.cells for row, _ in zip(table.rows(), range(SHOWN_ROWS), strict=False)],
    }
    await _begin(actor, found, "checking", "import.check", CHECK_JOB)
    return found


async def apply(actor: Actor, import_id: UUID) -> Import:
    """Have the good rows of a checked import written in the background; asking twice changes nothing.

    Raises:
        Conflict: it has not been checked, no row of it is good, or it would change nothing.
    """
    found = await get(actor, import_id, lock=True)
    if asked := spec_named(found.kind).permission:
        actor.require(asked)
        actor.require_fresh()
    if found.state in {"applying", "applied"}:
        return found
    if found.state != "checked" or not found.counts.get("good"):
        raise Conflict("import.not_checked", t("There is nothing to import in this file yet."))
    if not (found.counts.get("added") or found.counts.get("changed")):
        raise Conflict("import.unchanged", t("Everything in this file is in the accounts already."))
    await _begin(actor, found, "applying", "import.apply", APPLY_JOB)
    await audit.record(
        actor,
        "import.requested",
        subject_kind="import",
        subject_id=found.id,
        subject_label=found.filename,
        after={"kind": found.kind, **found.counts},
    )
    return found


async def _begin(actor: Actor, found: Import, state: str, kind: str, job: str) -> None:
    payload: dict[str, Any] = {"import_id": str(found.id)}
    total = found.counts.get("rows", 0)
    task = await tasks.start(actor, kind=kind, subject_id=found.id, job=job, payload=payload, total=total)
    found.state, found.task_id = state, task.id
    await found.save(update_fields=["state", "task_id", "mapping"])


async def same_file(found: Import) -> Import | None:
    """Return the last import that has applied this very file, if there is one."""
    return (
        await Import.filter(tenant_id=found.tenant_id, kind=found.kind, sha256=found.sha256, state="applied")
        .exclude(id=found.id)
        .order_by("-applied_at")
        .first()
    )
