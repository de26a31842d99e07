"""What an application said when it was handed in, so that a reviewer of the next hand-in reads only what changed."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tenants.models import Application, ApplicationDocument, ApplicationPerson
from tenants.onboarding.forms import ApplicationForm


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that differs: a field of the form, a document or a person, before and now."""

    kind: str
    name: str
    before: str
    now: str


async def snapshot(found: Application) -> dict[str, Any]:
    """Return everything that a reviewer decides on, as it stands."""
    where = {"bank_id": found.bank_id, "application_id": found.id}
    papers = await ApplicationDocument.filter(**where, replaced_at=None).order_by("id")
    people = await ApplicationPerson.filter(**where).order_by("id")
    return {
        "facts": {name: str(getattr(found, name)) for name in ApplicationForm.model_fields}
        | {"account": (found.account_hash or b"").hex()[:16]},
        "documents": {str(one.id): f"{one.kind}|{one.filename}|{one.sha256[:12]}" for one in papers},
        "people": {
            str(one.id): f"{one.role}|{one.name}|{one.id_mask}|{one.share_percent or ''}" for one in people
        },
    }


def changes(before: Mapping[str, Any] | None, now: Mapping[str, Any] | None) -> list[Change] | None:
    """Return what differs between two hand-ins; ``None`` when there was none before."""
    if not before or not now:
        return None
    return [
        Change(kind, name, before[kind].get(name, ""), now[kind].get(name, ""))
        for kind in ("facts", "documents", "people")
        for name in {**before[kind], **now[kind]}
        if before[kind].get(name, "") != now[kind].get(name, "")
    ]
