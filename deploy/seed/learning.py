"""The primary school's apps: a learning tool at two classes with marks and a consent, and one that reads the roster."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID

from deploy.sandbox.apps.exercises import COUNT, EXERCISES, Exercise
from deploy.seed import apps, campus
from deploy.seed.app_offers import offer_of
from deploy.seed.school import CHILDREN
from integrations.apps.models import App
from integrations.apps.placing import services as placing
from integrations.apps.placing.models import Mark
from integrations.apps.placing.services import Thing
from integrations.apps.tenant_models import Installation
from integrations.provider.lti import line_items
from scenarios.education.classes.tools import KIND
from scenarios.education.family import app_consents, consents
from scenarios.education.family.children import children_of
from scenarios.education.models import SchoolClass
from tenants.actor import Actor
from tenants.ids import new_id
from tenants.models import Account, Tenant
from tenants.scope import open_scope, tenant_scope

TOOL = "practice"
READER = "people"
"""What may read the school's roster by OneRoster while nobody has it open."""
PLACED = (("3A", "times"), ("3A", "sharing"), ("1B", "adding"))
MARKS = (10, 9, 7, 8, 10, 6)
"""Of the first pupils of the first class, for the first exercise."""
AGREES = CHILDREN["hillside", "3A", 7]
"""For whom the mother has agreed already; her younger child's consent waits."""


async def tell(tenant: Tenant, chief: Actor, teacher: Actor, issuer: str) -> str:
    """Install both apps, put exercises into classes, give some marks, and have a mother agree for one child."""
    app, reader = await App.get(slug=TOOL), await App.get(slug=READER)
    async with open_scope(tenant_scope(tenant.id)):
        await apps.agree(chief, offer_of(READER), reader.id)
        held = await apps.agree(chief, offer_of(TOOL), app.id)
        for title, key in PLACED:
            room = await SchoolClass.get(tenant_id=tenant.id, title=title)
            column_id = await _place(teacher, held, room.id, EXERCISES[key])
            if (title, key) == PLACED[0]:
                await _mark(tenant, title, column_id)
    await _agree(tenant, issuer)
    return f"A learning tool with {len(PLACED)} exercises at two classes, and marks; an app that reads the roster"


async def _place(teacher: Actor, held: Installation, class_id: UUID, one: Exercise) -> UUID:
    thing = Thing("resource", one.title, "", "", {"exercise": one.key})
    where = (KIND, class_id)
    (item,) = await placing.keep(teacher, held.id, held.vendor_id, where, [thing])
    line = line_items.LineItem(one.title, Decimal(COUNT), item.id, "", one.key, None, None)
    return (await line_items.make(held.id, held.vendor_id, where, line)).id


async def _mark(tenant: Tenant, title: str, column_id: UUID) -> None:
    pupils = await Account.filter(tenant_id=tenant.id, place=title).order_by("number").limit(len(MARKS))
    moment = datetime.now(UTC) - timedelta(days=2)
    given = [
        Mark(
            id=new_id(),
            tenant_id=tenant.id,
            column_id=column_id,
            member_id=pupil.id,
            given=Decimal(mark),
            out_of=Decimal(COUNT),
            progress="Completed",
            grading="FullyGraded",
            said_at=moment,
        )
        for pupil, mark in zip(pupils, MARKS, strict=True)
    ]
    await Mark.bulk_create(given)


async def _agree(tenant: Tenant, issuer: str) -> None:
    mother = await campus.parent_of(issuer)
    async with open_scope(mother.scope()):
        child = next(one for one in await children_of(mother) if one.name == AGREES)
    async with open_scope(tenant_scope(tenant.id)):
        for purpose in (consents.TOOLS, consents.NAMES):
            await consents.sign(mother, child, purpose=purpose, words=app_consents.WORDS[purpose])
