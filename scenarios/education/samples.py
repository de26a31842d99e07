"""A class to try learning tools at: whoever runs the sandbox teaches it, and is the parent of its first pupil."""

from datetime import UTC, datetime

from scenarios.education.classes import services as classes
from scenarios.education.kinds import SCENARIO_KEY, STUDENT
from scenarios.education.models import SchoolClass
from tenants.accounts.adding import NewAccount, add
from tenants.actor import Actor
from tenants.ids import new_id
from tenants.kinds import SCENARIOS
from tenants.models import Account, Holder, Membership, Tenant

PUPILS = {
    "en": ("Ada Example", "Ben Example", "Cleo Example", "Dan Example", "Eve Example"),
    "zh_CN": ("安小例", "白小例", "陈小例", "丁小例", "方小例"),
}
CLASS, GRADE = "3A", "3"


async def sample(actor: Actor, tenant: Tenant) -> None:
    """Make the class with its pupils and its teacher, in the school's open scope."""
    member = await Membership.get(tenant_id=tenant.id)
    names = PUPILS.get(tenant.locale, PUPILS["en"])
    pupils = [await _pupil(actor, number, name) for number, name in enumerate(names, 1)]
    room = await SchoolClass.get(tenant_id=tenant.id, title=CLASS)
    await classes.add_teacher(actor, room.id, membership_id=member.id)
    await _parent(pupils[0], member)


async def _pupil(actor: Actor, number: int, name: str) -> Account:
    given = NewAccount(number=f"S-{number:03d}", name=name, place=CLASS)
    return await add(actor, SCENARIOS[SCENARIO_KEY], STUDENT, given, {"grade": GRADE})


async def _parent(pupil: Account, member: Membership) -> None:
    await Holder.create(
        id=new_id(),
        tenant_id=pupil.tenant_id,
        account_id=pupil.id,
        person_id=member.person_id,
        relation="parent",
        name=member.name,
        email=member.email,
        confirmed_at=datetime.now(UTC),
    )
