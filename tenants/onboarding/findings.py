"""What the registry, the lists and our own books know about an applicant: asked, noted with its source, scored."""

from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from tenants import audit
from tenants.actor import Actor
from tenants.days import today_at_bank
from tenants.models import Application, ApplicationDocument, ApplicationPerson
from tenants.onboarding.ports import Outside, SilentError, outside
from tenants.onboarding.scoring import score_of
from tenants.onboarding.services import get
from tenants.scope import open_scope, rows

Finding = dict[str, Any]
SOON = timedelta(days=60)
WHOLE, KNOWN = 100, 75
_TWINS = """
select key, found from (
  select 'same_code' key, number || ' ' || legal_name found from tenants_application
   where bank_id = $1 and id <> $2 and uscc = $3 and status <> 'withdrawn'
  union all select 'same_code', name from tenants_tenant
   where bank_id = $1 and uscc = $3 and id is distinct from $6
  union all select 'same_name', number || ' ' || legal_name from tenants_application
   where bank_id = $1 and id <> $2 and plain_name(legal_name) = plain_name($4) and uscc <> $3 and status <> 'withdrawn'
  union all select 'same_name', name from tenants_tenant
   where bank_id = $1 and plain_name(name) = plain_name($4) and uscc <> $3
  union all select 'same_account', number || ' ' || legal_name from tenants_application
   where bank_id = $1 and id <> $2 and account_hash = $5 and status <> 'withdrawn'
) twins order by key, found limit 20
"""
"""Others here with the same code, name (letters and digits alone, in small letters) or account."""


async def run_checks(actor: Actor, application_id: UUID) -> Application:
    """Ask everybody, note what they say with its source, and score it. Call it outside of any scope.

    Whoever does not answer is noted as silent: an application is never taken for checked because a line was down.
    """
    async with open_scope(actor.scope()):
        found = await get(actor, application_id)
        people = await ApplicationPerson.filter(bank_id=found.bank_id, application_id=found.id)
    told = await told_outside(found, people)
    async with open_scope(actor.scope()):
        locked = await Application.select_for_update().get(bank_id=found.bank_id, id=found.id)
        locked.findings = [*told, *await known_here(locked, people)]
        locked.score, locked.checked_at = score_of(locked.findings), datetime.now(UTC)
        await locked.save(update_fields=["findings", "score", "checked_at"])
        await audit.record(
            actor,
            "application.checked",
            subject_kind="application",
            subject_id=locked.id,
            subject_label=f"{locked.number} {locked.legal_name}",
            after={"score": locked.score, "findings": [one["key"] for one in locked.findings]},
        )
    return locked


async def told_outside(found: Application, people: Sequence[ApplicationPerson] = ()) -> list[Finding]:
    """Return what registry and lists say of an applicant, which need not be written down yet; touches no database."""
    asked = outside()
    return [one async for one in _asked(asked, found, [p.name for p in people])] if asked else []


async def _asked(asked: Outside, found: Application, people: list[str]) -> AsyncIterator[Finding]:
    async for one in _registry(asked, found):
        yield one
    names = list(dict.fromkeys([found.legal_name, found.legal_representative, *people]))
    try:
        hits = await asked.lists.screen(names)
    except SilentError:
        yield {"key": "list_silent"}
        return
    for hit in hits:
        yield {"key": f"list_{hit.list}", "found": hit.name, "source": hit.source, "as_of": hit.since}
    if not hits:
        yield {"key": "list_clear"}


async def _registry(asked: Outside, found: Application) -> AsyncIterator[Finding]:
    try:
        entry = await asked.registry.look_up(found.uscc)
    except SilentError:
        yield {"key": "registry_silent"}
        return
    if entry is None:
        yield {"key": "registry_missing", "source": found.uscc}
        return
    told = {"source": entry.source, "as_of": entry.as_of[:10]}
    differs = [
        ("registry_name", entry.name) if _plain(entry.name) != _plain(found.legal_name) else None,
        ("registry_representative", entry.legal_representative)
        if entry.legal_representative
        and _plain(entry.legal_representative) != _plain(found.legal_representative)
        else None,
        None if entry.is_active else ("registry_inactive", ""),
    ]
    for wrong in filter(None, differs):
        yield {"key": wrong[0], "found": wrong[1], **told}
    if not any(differs):
        yield {"key": "registry_right", **told}


async def known_here(found: Application, people: Sequence[ApplicationPerson] = ()) -> list[Finding]:
    """Return what the bank's own books know of an applicant, in its open scope."""
    twins = await rows(
        _TWINS,
        found.bank_id,
        found.id,
        found.uscc,
        found.legal_name,
        found.account_hash,
        found.approved_tenant_id,
    )
    noted: list[Finding] = [dict(twin) for twin in twins] or [{"key": "no_duplicate"}]
    if _plain(found.settlement_account_name) != _plain(found.legal_name):
        noted.append({"key": "account_name", "found": found.settlement_account_name})
    shares = [one.share_percent or 0 for one in people if one.role == "owner"]
    if shares and sum(shares) < KNOWN:
        noted.append({"key": "shares_unknown", "found": str(sum(shares))})
    papers = await ApplicationDocument.filter(
        bank_id=found.bank_id,
        application_id=found.id,
        replaced_at=None,
        expires_on__lt=await today_at_bank(found.bank_id) + SOON,
    )
    return noted + [{"key": "paper_runs_out", "found": str(paper.expires_on)} for paper in papers]


def _plain(name: str) -> str:
    return "".join(letter for letter in name.casefold() if letter.isalnum())
