"""Writing and sending notices, reminding those who have not read them, and what families do with them."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from scenarios.education.classes.queries import IS_IN, teaches
from scenarios.education.family.children import Child
from scenarios.education.kinds import FAMILY, GRADES
from scenarios.education.models import SchoolNotice, SchoolReceipt
from tenants import audit
from tenants.actor import Actor
from tenants.ids import new_id
from tenants.models import Tenant
from tenants.notices import TO_MANY
from tenants.runtime import runtime
from tenants.scope import execute, row, rows, value
from ui.errors import Conflict, Forbidden, Invalid, NotFound
from ui.i18n import t

AUDIENCES = ("school", "grade", "class", "list")
MOST_TARGETS = 200
PAUSE = timedelta(hours=20)
"""Between two reminders of one notice."""
TEMPLATE = "school.notice"


@dataclass(frozen=True, slots=True)
class Asked:
    """A notice as it is written; ``targets`` are grades, ids of classes or numbers of pupils."""

    titles: Mapping[str, str]
    bodies: Mapping[str, str]
    audience: str
    targets: Sequence[str] = ()
    needs_confirming: bool = False
    questions: Sequence[Mapping[str, Any]] = field(default_factory=tuple)
    files: Sequence[Mapping[str, Any]] = field(default_factory=tuple)
    """As ``billing.answers.notes.keep_files`` has kept them."""


async def write(actor: Actor, asked: Asked) -> SchoolNotice:
    """Write a notice down as a draft.

    Raises:
        Forbidden: a class teacher writes to others than their own classes.
        Invalid: something is missing or wrong; the field says what.
    """
    await _must_reach(actor, asked)
    _check(asked)
    return await SchoolNotice.create(
        id=new_id(),
        tenant_id=actor.tenant_id,
        titles=dict(asked.titles),
        bodies=dict(asked.bodies),
        audience=asked.audience,
        targets=list(asked.targets),
        needs_confirming=asked.needs_confirming or bool(asked.questions),
        questions=[dict(one) for one in asked.questions],
        files=[dict(one) for one in asked.files],
        created_by=actor.person_id,
        created_by_name=actor.name[:100],
    )


_TEACHES = """
select c.id::text id from education_class c where c.tenant_id = $1 and c.id::text = any ($2::text[]) and {teaches}
"""


async def _must_reach(actor: Actor, asked: Asked) -> None:
    if actor.may("school_notices.write"):
        return
    actor.require("school_notices.own")
    known = await rows(
        _TEACHES.format(teaches=teaches("$3")), actor.tenant_id, list(asked.targets), actor.person_id
    )
    if asked.audience != "class" or {one["id"] for one in known} != set(asked.targets):
        raise Forbidden("notice.not_yours", t("You can write to the classes that you teach."))


def _check(asked: Asked) -> None:
    wrong: dict[str, Any] = {}
    if not asked.titles.get("en", "").strip():
        wrong["title_en"] = t("Give it a title, in Chinese or in English.")
    if not asked.bodies.get("en", "").strip():
        wrong["body_en"] = t("Write what families should know.")
    if asked.audience not in AUDIENCES:
        wrong["audience"] = t("Choose whom it is for.")
    elif asked.audience != "school" and not 1 <= len(asked.targets) <= MOST_TARGETS:
        wrong["targets"] = t("Choose whom it is for.")
    if asked.audience == "grade" and not set(asked.targets) <= set(GRADES):
        wrong["targets"] = t("Choose whom it is for.")
    if wrong:
        raise Invalid("notice.wrong", t("Something is missing."), fields=wrong)


async def get(actor: Actor, notice_id: UUID, *, lock: bool = False) -> SchoolNotice:
    """Return a notice that the actor may see: any of the school's, or one of their own."""
    query = SchoolNotice.filter(tenant_id=actor.tenant_id, id=notice_id)
    found = await (query.select_for_update() if lock else query).first()
    is_theirs = found is not None and (
        actor.may("school_notices.write") or found.created_by == actor.person_id
    )
    if found is None or not is_theirs:
        raise NotFound("notice.not_found", t("There is no such notice, or it is not yours to see."))
    return found


_REACHED = f"""
select h.id holder_id, h.account_id, h.person_id, h.name, h.email
  from tenants_account a
  join tenants_holder h on h.tenant_id = $1 and h.account_id = a.id and h.relation = any ($4::text[])
   and lasts(h.until, day_of(h.tenant_id))
 where a.tenant_id = $1 and a.scenario = 'education' and a.is_active and (
   $2 = 'school'
   or ($2 = 'grade' and a.attributes ->> 'grade' = any ($3::text[]))
   or ($2 = 'list' and a.number = any ($3::text[]))
   or ($2 = 'class' and exists (
        select 1 from education_user u join education_enrolment e on e.tenant_id = $1 and e.user_id = u.id
         where u.tenant_id = $1 and u.account_id = a.id and e.role = 'student' and {IS_IN}
           and e.class_id::text = any ($3::text[]))))
"""
_RECEIPTS = f"""
insert into education_receipt (tenant_id, notice_id, account_id, holder_id, ways, answers)
select $1, $5, account_id, holder_id,
       concat_ws(',', case when person_id is not null then 'app' end, case when email <> '' then 'email' end), '{{}}'
  from ({_REACHED}) reached
on conflict (tenant_id, notice_id, holder_id) do nothing
"""


async def reach(tenant_id: UUID, audience: str, targets: Sequence[str]) -> Any:
    """Return how many people and pupils a notice would reach, and how many people have no way to be told."""
    return await row(
        f"select count(*) people, count(distinct account_id) pupils,"
        f" count(*) filter (where person_id is null and email = '') unreached from ({_REACHED}) r",
        tenant_id,
        audience,
        list(targets),
        list(FAMILY),
    )


async def send(actor: Actor, notice_id: UUID) -> SchoolNotice:
    """Send a notice to every guardian and parent it is for, once; sending again changes nothing.

    Raises:
        NotFound: it is not the actor's to send.
    """
    notice = await get(actor, notice_id, lock=True)
    if notice.status == "sent":
        return notice
    notice.sent_count = await execute(
        _RECEIPTS, notice.tenant_id, notice.audience, notice.targets, list(FAMILY), notice.id
    )
    await _tell(notice, "true")
    notice.status, notice.sent_at = "sent", datetime.now(UTC)
    await notice.save(update_fields=["status", "sent_at", "sent_count"])
    await audit.record(
        actor,
        "notice.sent",
        subject_kind="notice",
        subject_id=notice.id,
        subject_label=notice.titles.get("en", ""),
        after={"people": notice.sent_count},
    )
    return notice


_WAITING = "(r.read_at is null or ({confirming} and r.confirmed_at is null))"
_MESSAGES = """
with told as (
  insert into tenants_notice (tenant_id, id, channel, template, recipient, person_id, account_id, subject, body, status)
  select $1, new_id(), way.channel, $3, case when way.channel = 'email' then h.email else left(h.name, 200) end,
         h.person_id, r.account_id, left($4, 200),
         $5 || e'\\n\\n' || $6 || '/my/school/' || r.account_id || '/notices/' || r.notice_id,
         case when way.channel = 'email' then 'waiting' else 'shown' end
    from education_receipt r join tenants_holder h on h.tenant_id = $1 and h.id = r.holder_id
   cross join lateral (values ('email'), ('in_app')) way (channel)
   where r.tenant_id = $1 and r.notice_id = $2 and {who}
     and ((way.channel = 'email' and h.email <> '') or (way.channel = 'in_app' and h.person_id is not null))
  returning id, channel
)
insert into tenants_outbox (tenant_id, job, payload, due_at)
select $1, $7, jsonb_build_object('notice_id', id), now() from told where channel = 'email'
"""


async def _tell(notice: SchoolNotice, who: str) -> None:
    """Write the messages of a notice in both ways: in the school's language, and then in the other it is written in."""
    tenant = await Tenant.get(id=notice.tenant_id)
    title = " / ".join(_in_all(notice.titles, tenant.locale))
    body = "\n\n".join(_in_all(notice.bodies, tenant.locale))
    await execute(
        _MESSAGES.format(who=who),
        notice.tenant_id,
        notice.id,
        TEMPLATE,
        title,
        body,
        runtime().public_url.rstrip("/"),
        TO_MANY,
    )


def _in_all(texts: Mapping[str, str], first: str) -> list[str]:
    """Return a text in each language it is written in, the school's own first."""
    ordered = [texts.get(first, ""), *texts.values()]
    return list(dict.fromkeys(one for one in ordered if one))


async def remind(actor: Actor, notice_id: UUID) -> int:
    """Write once more to those who have not read it (or not confirmed it, where that is asked); return to how many.

    Raises:
        Conflict: it has not been sent, or the last reminder was a moment ago.
    """
    notice = await get(actor, notice_id, lock=True)
    if notice.status != "sent":
        raise Conflict("notice.draft", t("Send it first."))
    if notice.reminded_at and datetime.now(UTC) - notice.reminded_at < PAUSE:
        raise Conflict("notice.reminded", t("They were reminded today already."))
    who = _WAITING.format(confirming="true" if notice.needs_confirming else "false")
    count: int = await value(
        f"select count(*) from education_receipt r where tenant_id = $1 and notice_id = $2 and {who}",
        notice.tenant_id,
        notice.id,
    )
    await _tell(notice, who)
    await execute(
        f"update education_receipt r set reminded_at = now() where tenant_id = $1 and notice_id = $2 and {who}",
        notice.tenant_id,
        notice.id,
    )
    notice.reminded_at = datetime.now(UTC)
    await notice.save(update_fields=["reminded_at"])
    return count


async def receipt_of(actor: Actor, child: Child, notice_id: UUID) -> SchoolReceipt:
    """Return the reader's own receipt of a notice about a child, in the open tenant scope."""
    found = await row(
        "select r.id from education_receipt r join tenants_holder h on h.tenant_id = $1 and h.id = r.holder_id"
        " where r.tenant_id = $1 and r.notice_id = $2 and r.account_id = $3 and h.person_id = $4 limit 1",
        child.tenant_id,
        notice_id,
        child.account_id,
        actor.person_id,
    )
    if found is None:
        raise NotFound("notice.not_found", t("There is no such notice, or it is not yours to see."))
    return await SchoolReceipt.get(tenant_id=child.tenant_id, id=found["id"])


async def mark_read(actor: Actor, child: Child, notice_id: UUID) -> SchoolReceipt:
    """Note the first time somebody opens a notice; the receipt is theirs alone."""
    found = await receipt_of(actor, child, notice_id)
    if found.read_at is None:
        found.read_at = datetime.now(UTC)
        await found.save(update_fields=["read_at"])
    return found


async def confirm(actor: Actor, child: Child, notice_id: UUID, answers: Mapping[str, str]) -> SchoolReceipt:
    """Keep that somebody has confirmed a notice, with their answers; answering again replaces the answers.

    Raises:
        Invalid: a question is not answered, or with something else than is offered.
    """
    found = await receipt_of(actor, child, notice_id)
    notice = await SchoolNotice.get(tenant_id=child.tenant_id, id=notice_id)
    found.answers = _answered(notice.questions, answers)
    found.confirmed_at = datetime.now(UTC)
    found.read_at = found.read_at or found.confirmed_at
    await found.save(update_fields=["answers", "confirmed_at", "read_at"])
    return found


def _answered(questions: Sequence[Mapping[str, Any]], answers: Mapping[str, str]) -> dict[str, str]:
    kept, wrong = {}, {}
    for one in questions:
        said = answers.get(one["key"], "").strip()[:500]
        choices = one.get("choices") or []
        if not said or (choices and said not in choices):
            wrong[f"answer_{one['key']}"] = t("Please answer this.")
        kept[one["key"]] = said
    if wrong:
        raise Invalid("notice.unanswered", t("Something is missing."), fields=wrong)
    return kept


def loads(kept: Any) -> Any:
    """Return JSON that a raw statement has read."""
    return json.loads(kept) if isinstance(kept, str) else kept
