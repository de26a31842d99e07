"""What a family is told of its application, on its page and by e-mail: an offer has to be answered in time."""

from billing.names import Day, Named
from scenarios.education.enrolment.rounds import round_of
from scenarios.education.models import SchoolApplicant
from tenants.actor import Actor
from tenants.days import day_at
from tenants.models import Tenant
from tenants.notices import IN_APP, notify
from tenants.runtime import runtime
from ui.i18n import Text, t


async def tell_family(actor: Actor, found: SchoolApplicant, *, place: str = "") -> None:
    """Tell whoever has applied how the application stands now, in the open tenant scope; ``place`` is the class."""
    tenant = await Tenant.get(id=found.tenant_id)
    subject, body = _words(found, tenant, place)
    title = Named((await round_of(found.tenant_id, found.round_id)).titles)
    url = f"{runtime().public_url.rstrip('/')}/my/school/enrolments/{found.id}"
    ways = [(IN_APP, found.person_name), *([("email", found.email)] if found.email else [])]
    for channel, recipient in ways:
        await notify(
            actor,
            template="school.application",
            channel=channel,
            recipient=recipient,
            subject=subject,
            body=t(
                "{school}, {round}\n\n{what}\n\n{url}",
                school=tenant.short_name,
                round=title,
                what=body,
                url=url,
            ),
            person_id=found.person_id,
        )


def _words(found: SchoolApplicant, tenant: Tenant, place: str) -> tuple[Text, Text]:
    name = found.child_name
    by = Day(day_at(found.answer_by, tenant.timezone)) if found.answer_by else ""
    said: dict[str, tuple[Text, Text]] = {
        "offered": (
            t("A place for {name}", name=name),
            t(
                "The school offers {name} a place. Answer by {day}; after that it goes to somebody else.",
                name=name,
                day=by,
            ),
        ),
        "waiting": (
            t("{name} is on the waiting list", name=name),
            t("Every place is taken now. You are told when one comes free."),
        ),
        "rejected": (
            t("No place for {name}", name=name),
            t("The school cannot offer {name} a place. It says: {reason}", name=name, reason=found.reason),
        ),
        "withdrawn": (
            t("The offer for {name} has ended", name=name),
            t(
                "Nobody answered by {day}, so the place goes to somebody else. Ask the school if you still want it.",
                day=by,
            ),
        ),
        "enrolled": (
            t("{name} is a pupil now", name=name),
            t(
                "Class {place}. Bills, notices and the canteen of {name} are on your page.",
                place=place,
                name=name,
            ),
        ),
    }
    return said[found.status]
