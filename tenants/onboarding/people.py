"""The people behind an institution: its legal representative, its agent, and who owns it in the end."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Annotated, Any
from uuid import UUID

from pydantic import AfterValidator, BaseModel, Field

from tenants import audit
from tenants.actor import Actor
from tenants.ids import new_id
from tenants.models import Application, ApplicationPerson
from tenants.onboarding.checklist import PEOPLE_ROLES, REQUIRED_PEOPLE
from tenants.onboarding.services import editable
from tenants.privacy.identity_numbers import check_number
from tenants.privacy.masks import masked
from tenants.runtime import runtime
from ui.errors import Invalid, NotFound
from ui.fields import Day, FieldError
from ui.i18n import N_, t

NUMBER = "identity-number"
MOST, WHOLE = 20, 100
ID_KINDS: Mapping[str, str] = {
    "cn_id": N_("Chinese identity card"),
    "sg_nric": N_("Singapore NRIC or FIN"),
    "passport": N_("Passport"),
}


def _role(value: str) -> str:
    if value not in PEOPLE_ROLES:
        raise FieldError(t("Choose one of the options."))
    return value


class PersonForm(BaseModel):
    """Somebody behind an institution."""

    role: Annotated[str, AfterValidator(_role)] = Field(title=N_("Who they are here"))
    name: str = Field(title=N_("Full name"), max_length=100)
    id_kind: str = Field(title=N_("Identity document"))
    id_number: str = Field(title=N_("Number of the document"), max_length=40)
    id_expires_on: Day | None = Field(None, title=N_("Runs out on"))
    share_percent: int | None = Field(None, title=N_("Share in percent"), ge=1, le=WHOLE)


async def people_of(application: Application) -> list[ApplicationPerson]:
    """Return everybody named, the representative first."""
    found = await ApplicationPerson.filter(
        bank_id=application.bank_id, application_id=application.id
    ).order_by("id")
    return sorted(found, key=lambda one: list(PEOPLE_ROLES).index(one.role))


async def add(actor: Actor, application_id: UUID, given: PersonForm) -> ApplicationPerson:
    """Name somebody; the number of their document is kept encrypted.

    Raises:
        Invalid: a number that cannot be one, an owner without a share, or more than the whole.
    """
    found = await editable(actor, application_id)
    problem = "" if given.id_kind in ID_KINDS else "id_kind"
    if problem or not check_number(given.id_kind, given.id_number):
        text = t("Check the number: its form or its check character is not right.")
        raise Invalid("person.number", text, fields={problem or "id_number": text})
    _check_shares(given, await people_of(found))
    number = given.id_number.replace(" ", "").upper()
    made = await ApplicationPerson.create(
        id=new_id(),
        bank_id=found.bank_id,
        application_id=found.id,
        **given.model_dump(exclude={"id_number"}),
        id_number=runtime().encrypt(NUMBER, number),
        id_mask=masked(number),
    )
    await _record(actor, found, "application.person_added", after=_facts(made))
    return made


def _check_shares(given: PersonForm, others: Sequence[ApplicationPerson]) -> None:
    if given.role != "owner":
        return
    text = None
    if given.share_percent is None:
        text = t("Say how many percent this owner holds.")
    elif given.share_percent + sum(one.share_percent or 0 for one in others if one.role == "owner") > WHOLE:
        text = t("The owners would hold more than 100 % together.")
    if text:
        raise Invalid("person.share", text, fields={"share_percent": text})


async def remove(actor: Actor, application_id: UUID, person_id: UUID) -> None:
    """Take somebody off an open application."""
    found = await editable(actor, application_id)
    one = await ApplicationPerson.get_or_none(bank_id=found.bank_id, application_id=found.id, id=person_id)
    if one is None:
        raise NotFound("person.not_found", t("There is no such person."))
    await one.delete()
    await _record(actor, found, "application.person_removed", before=_facts(one))


def missing_people(kind: str, present: Sequence[ApplicationPerson]) -> list[str]:
    """Return the roles somebody still has to be named for."""
    there = {one.role for one in present}
    return [role for role in PEOPLE_ROLES if role in REQUIRED_PEOPLE[kind] and role not in there]


def run_out(people: Sequence[ApplicationPerson], day: date) -> list[ApplicationPerson]:
    """Return whose documents have run out by a day."""
    return [one for one in people if one.id_expires_on and one.id_expires_on < day]


def _facts(one: ApplicationPerson) -> dict[str, Any]:
    return {"role": one.role, "name": one.name, "number": one.id_mask, "share_percent": one.share_percent}


async def _record(
    actor: Actor,
    found: Application,
    act: str,
    *,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
) -> None:
    await audit.record(
        actor,
        act,
        subject_kind="application_person",
        subject_id=found.id,
        subject_label=f"{found.number} {found.legal_name}",
        before=before,
        after=after,
    )
