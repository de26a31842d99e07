"""What guardians have signed: kept with the words they read, never changed, taken back by a row of its own."""

from uuid import UUID

from scenarios.education.family.children import Child, age_on, must_sign
from scenarios.education.models import SchoolConsent, SchoolUser
from tenants import audit
from tenants.actor import Actor
from tenants.days import today
from tenants.ids import new_id
from tenants.scope import row
from ui.errors import Conflict
from ui.i18n import t

HEALTH, NAMES, TOOLS = "health", "names", "tools"
OLD_ENOUGH = 14
"""From this birthday on, sensitive data of a child need no guardian's consent (PIPL, articles 28 and 31)."""
_LAST = """
select is_given from education_consent where tenant_id = $1 and account_id = $2 and purpose = $3
 order by created_at desc, id desc limit 1
"""


async def sign(
    actor: Actor, child: Child, *, purpose: str, words: str, subject_id: UUID | None = None
) -> SchoolConsent:
    """Keep that a guardian has signed, in the open tenant scope.

    Raises:
        Forbidden: the actor is neither guardian nor parent of the child.
    """
    return await _write(actor, child, purpose, words, subject_id, is_given=True)


async def take_back(actor: Actor, child: Child, *, purpose: str, words: str) -> SchoolConsent:
    """Keep that a guardian has taken a lasting consent back; from now on it does not hold."""
    return await _write(actor, child, purpose, words, None, is_given=False)


async def _write(
    actor: Actor, child: Child, purpose: str, words: str, subject_id: UUID | None, *, is_given: bool
) -> SchoolConsent:
    must_sign(child)
    assert actor.person_id is not None  # noqa: S101 - somebody is signed in
    made = await SchoolConsent.create(
        id=new_id(),
        tenant_id=child.tenant_id,
        purpose=purpose,
        subject_id=subject_id,
        account_id=child.account_id,
        person_id=actor.person_id,
        person_name=actor.name[:100],
        relation=child.relation,
        words=words,
        is_given=is_given,
        method=actor.method[:20],
        level=actor.level,
    )
    await audit.record(
        actor.within(child.tenant_id),
        "consent.given" if is_given else "consent.taken_back",
        subject_kind="consent",
        subject_id=made.id,
        subject_label=child.number,
        after={"purpose": purpose},
    )
    return made


async def holds(tenant_id: UUID, account_id: UUID, purpose: str) -> bool:
    """Tell whether a lasting consent of a child's guardian holds now."""
    found = await row(_LAST, tenant_id, account_id, purpose)
    return bool(found and found["is_given"])


async def must_allow(tenant_id: UUID, account_id: UUID, purpose: str, zone: str) -> None:
    """Refuse to keep sensitive data of a child under 14 (or of unknown age) without a guardian's consent.

    Raises:
        Conflict: nobody has consented, or the consent was taken back.
    """
    known = await SchoolUser.filter(tenant_id=tenant_id, account_id=account_id).first()
    age = age_on(known.born_on if known else None, today(zone))
    if age is not None and age >= OLD_ENOUGH:
        return
    if not await holds(tenant_id, account_id, purpose):
        raise Conflict(
            "consent.missing",
            t(
                "A guardian has to agree first that the school keeps this about a child under {n}.",
                n=OLD_ENOUGH,
            ),
        )
