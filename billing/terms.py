"""An institution's terms, section by section: typed, with defaults that need no saving, each save audited."""

import json
from datetime import UTC, datetime
from typing import Any, ClassVar, TypeVar
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from tenants import audit
from tenants.actor import Actor
from tenants.ids import new_id
from tenants.scope import execute, value


class Section(BaseModel):
    """The base of every section; ``section`` names its row and never changes."""

    model_config = ConfigDict(extra="ignore")
    section: ClassVar[str]


S = TypeVar("S", bound=Section)

_FOUND = "select document from billing_terms where tenant_id = $1 and section = $2"
_SAVE = """
insert into billing_terms (tenant_id, id, section, document, saved_by_name, saved_at) values ($1, $2, $3, $4, $5, $6)
on conflict (tenant_id, section) do update
set document = excluded.document, saved_by_name = excluded.saved_by_name, saved_at = excluded.saved_at
"""


async def terms_of(tenant_id: UUID, model: type[S]) -> S:
    """Return a section of the institution's terms, in any scope that sees the institution."""
    return await own_terms(tenant_id, model) or model()


async def own_terms(tenant_id: UUID, model: type[S]) -> S | None:
    """Return the section if the institution has one of its own, in any scope that sees the institution."""
    kept = await value(_FOUND, tenant_id, model.section)
    return model.model_validate(json.loads(kept)) if kept else None


async def drop_terms(actor: Actor, model: type[Section], *, tenant_id: UUID) -> None:
    """Let the institution have no such section of its own any more, in its open scope."""
    before = await own_terms(tenant_id, model)
    if before is None:
        return
    await execute("delete from billing_terms where tenant_id = $1 and section = $2", tenant_id, model.section)
    await _record(actor, model.section, before.model_dump(mode="json"), {}, tenant_id)


async def save_terms(actor: Actor, terms: Section) -> None:
    """Keep a section in the open tenant scope, with what it was before in the audit trail.

    Raises:
        Forbidden: the actor may not change settings.
        StepUp: the sign-in is not fresh and strong.
    """
    actor.require("settings.write")
    actor.require_fresh()
    assert actor.tenant_id is not None  # noqa: S101 - staff act inside their tenant
    await keep_terms(actor, terms, tenant_id=actor.tenant_id)


async def keep_terms(actor: Actor, terms: Section, *, tenant_id: UUID) -> None:
    """Keep a section in the open tenant scope for somebody whose right to it has been proved."""
    before = await terms_of(tenant_id, type(terms))
    document: dict[str, Any] = terms.model_dump(mode="json")
    now, name = datetime.now(UTC), actor.name[:100]
    await execute(_SAVE, tenant_id, new_id(), terms.section, json.dumps(document), name, now)
    await _record(actor, terms.section, before.model_dump(mode="json"), document, tenant_id)


async def _record(
    actor: Actor, section: str, before: dict[str, Any], after: dict[str, Any], tenant_id: UUID
) -> None:
    await audit.record(
        actor,
        "terms.changed",
        subject_kind="terms",
        subject_id=None,
        subject_label=section,
        before=before,
        after=after,
        tenant_id=tenant_id,
    )
