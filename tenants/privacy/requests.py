"""Correction and erasure: asked by a person, answered by the institution, with what was kept and why."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from tenants import audit, notices
from tenants.actor import Actor
from tenants.days import today_at
from tenants.ids import new_id
from tenants.models import Holder, Notice, PersonRequest
from tenants.scope import open_scope, rows, tenant_id, tenant_scope, value
from ui.errors import Conflict, Invalid, NotFound
from ui.i18n import N_, Text, t

KINDS: Mapping[str, str] = {"correction": N_("Correct my data"), "erasure": N_("Erase my data")}
STATES: Mapping[str, Text] = {"asked": t("Not answered yet"), "done": t("Done"), "refused": t("Refused")}
ERASED = "–"
KEPT: Mapping[str, str] = {
    "tenants_holder": N_("Who held which account and when: part of the books, for ten years"),
    "tenants_audit": N_("The trail of acts: at least six months, and as long as the books"),
}
"""What the law has us keep, whoever asks, with the reason that is given."""
Eraser = Callable[[UUID], Awaitable[int]]
_erasers: dict[str, Eraser] = {}


def add_eraser(what: str, erase_of: Eraser) -> None:
    """Have a higher room take ``what`` of a person off its rows, in the open tenant scope; it returns of how many."""
    _erasers[what] = erase_of


async def ask(actor: Actor, of_tenant: UUID, *, kind: str, text: str) -> PersonRequest:
    """Ask an institution at which the person holds something; one request of a kind at a time.

    Raises:
        NotFound: the person has nothing there.
    """
    if kind not in KINDS:
        raise Invalid("request.kind", t("Choose one of the options."))
    holds = await value(
        "select exists (select 1 from tenants_holder where tenant_id = $1 and person_id = $2)",
        of_tenant,
        actor.person_id,
    )
    if not holds:
        raise NotFound("tenant.not_found", t("There is no such institution."))
    async with open_scope(tenant_scope(of_tenant)):
        same = PersonRequest.filter(tenant_id=of_tenant, person_id=actor.person_id, kind=kind, status="asked")
        if await same.exists():
            raise Conflict("request.twice", t("You have asked for this already; it is not answered yet."))
        made = await PersonRequest.create(
            id=new_id(),
            tenant_id=of_tenant,
            person_id=actor.person_id,
            person_name=actor.name[:100],
            kind=kind,
            text=text,
        )
        await _record(actor.within(of_tenant), made, "person_request.asked")
        return made


async def waiting() -> list[PersonRequest]:
    """Return an institution's requests in its open scope, the unanswered first."""
    found = await PersonRequest.filter(tenant_id=tenant_id()).order_by("-id").limit(200)
    return sorted(found, key=lambda one: one.status != "asked")


async def find(request_id: UUID, *, is_locked: bool = False) -> PersonRequest:
    """Return a request to this institution; ``NotFound`` when there is none."""
    asked = PersonRequest.filter(tenant_id=tenant_id(), id=request_id)
    found = await (asked.select_for_update() if is_locked else asked).first()
    if found is None:
        raise NotFound("request.not_found", t("There is no such request."))
    return found


async def answer(actor: Actor, request_id: UUID, *, is_done: bool, text: str) -> PersonRequest:
    """Answer a request; an erasure that is granted is carried out here and says what was kept.

    Raises:
        NotFound: there is no such request.
        Conflict: it is answered.
        StepUp: the sign-in is not fresh and strong.
    """
    actor.require("people.write")
    actor.require_fresh()
    found = await find(request_id, is_locked=True)
    if found.status != "asked":
        raise Conflict("request.over", t("This is decided already."))
    if is_done and found.kind == "erasure":
        found.outcome = await erase(found.person_id)
    found.status, found.answer = "done" if is_done else "refused", text
    found.answered_by_name, found.answered_at = actor.name[:100], datetime.now(UTC)
    await found.save()
    await _record(actor, found, f"person_request.{found.status}")
    await notices.notify(
        actor,
        template="person_request",
        channel="in_app",
        recipient=found.person_name,
        subject=t("Your request about your data is answered"),
        body=t("{text}", text=text or "✓"),
        person_id=found.person_id,
    )
    return found


async def erase(person_id: UUID) -> dict[str, Any]:
    """Erase what is no part of the books: how to reach the person, and what was written to them.

    Returns what was erased and what was kept, in rows by table.
    """
    where = {"tenant_id": tenant_id(), "person_id": person_id}
    last = await today_at(tenant_id())
    holders = await Holder.filter(**where).update(email="", phone="", until=last)
    letters = await Notice.filter(**where).update(recipient=ERASED, subject=ERASED, body=ERASED)
    more = {what: await erase_of(person_id) for what, erase_of in _erasers.items()}
    kept = {
        "tenants_holder": await Holder.filter(**where).count(),
        "tenants_audit": int(
            await value(
                "select count(*) from tenants_audit where tenant_id = $1 and person_id = $2",
                tenant_id(),
                person_id,
            )
        ),
    }
    return {"erased": {"contact details": holders, "messages": letters, **more}, "kept": kept}


async def institutions(person_id: UUID) -> list[tuple[UUID, str]]:
    """Return where a person holds something, in their own open scope."""
    found = await rows(
        "select distinct t.id, t.short_name from tenants_holder h join tenants_tenant t on t.id = h.tenant_id"
        " where h.person_id = $1 order by 2",
        person_id,
    )
    return [(each["id"], each["short_name"]) for each in found]


async def _record(actor: Actor, found: PersonRequest, act: str) -> None:
    await audit.record(
        actor,
        act,
        subject_kind="person_request",
        subject_id=found.id,
        subject_label=found.person_name,
        after={"kind": found.kind, "reason": found.answer or found.text},
    )
