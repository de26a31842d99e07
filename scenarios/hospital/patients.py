"""Patients: written down once per document, with whoever is, cares for or is trusted by them."""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from uuid import UUID

from tortoise.exceptions import IntegrityError

from scenarios.hospital import documents
from scenarios.hospital.his.linking import Told
from scenarios.hospital.kinds import GRANTS, RELATIONS, SCENARIO_KEY, SEXES
from scenarios.hospital.models import CareGrant, Patient
from scenarios.hospital.pricing import tenant_zone
from scenarios.hospital.rights import BOOK
from tenants import audit
from tenants.accounts import codes
from tenants.actor import Actor
from tenants.codes import new_code
from tenants.days import today
from tenants.ids import new_id
from tenants.models import Account, Holder
from tenants.runtime import runtime
from tenants.scope import execute, open_scope, tenant_scope
from ui.errors import Conflict, Invalid, NotFound
from ui.i18n import Text, t

PHONE = "hospital-phone"
MOST_PROXIES = 4
PAID = ("bills", "pay")
"""Whoever is trusted with visits or stays sees and pays what these cost."""
NAMED = ("self",)
"""Relations in which the patient is the signed-in person, whose name the bank has verified."""
STRONG = 2
NOBODY = Told()
"""The hospital's own system has not been asked, or knows nobody."""


@dataclass(frozen=True, slots=True)
class Identity:
    """Who a patient is, as their document says."""

    name: str
    sex: str
    born_on: date
    document_kind: str
    document_number: str
    phone: str
    is_insured: bool = False


async def register_own(
    actor: Actor, *, tenant_id: UUID, relation: str, given: Identity, has_agreed: bool, there: Told = NOBODY
) -> Account:
    """Register a patient for the signed-in person, in the hospital's scope; the same patient again is found.

    A patient whom the hospital knows already is opened only to themselves, by the name that the bank has verified;
    everybody else needs the patient's own invitation. ``there`` is what the hospital's own system says of the document.

    Raises:
        Invalid: something does not fit; the field says what.
        Conflict: the patient is known and is not the signed-in person.
    """
    if relation not in RELATIONS or relation == "proxy":
        raise _field("relation", t("Choose how you stand to the patient."))
    if not has_agreed:
        raise _field("has_agreed", t("The hospital needs this agreement to keep health data."))
    if relation in NAMED and not _is_same_name(actor.name, given.name):
        raise _field("name", t("Your bank knows you as {name}. Enter that name.", name=actor.name))
    plain = await _checked(given, tenant_id)
    _must_fit(given, there)
    found = await _known(tenant_id, given.document_kind, plain)
    if found is None:
        account = await _write(actor, tenant_id, given, plain, there)
    else:
        account = await _own(actor, found, relation, given)
    await _hold(actor, account, relation)
    return account


def _field(name: str, text: Text) -> Invalid:
    return Invalid(f"patient.{name}", text, fields={name: text})


def _is_same_name(left: str, right: str) -> bool:
    return "".join(left.split()).casefold() == "".join(right.split()).casefold()


async def _checked(given: Identity, tenant_id: UUID) -> str:
    if not 0 < len(given.name.strip()) <= 100:  # noqa: PLR2004 - characters of a name
        raise _field("name", t("Enter the name as on the document."))
    if given.sex not in SEXES:
        raise _field("sex", t("Choose one."))
    if given.born_on > today(await tenant_zone(tenant_id)):
        raise _field("born_on", t("This day is still to come."))
    return documents.check(given.document_kind, given.document_number, given.born_on)


async def _known(tenant_id: UUID, kind: str, plain: str) -> Patient | None:
    return await Patient.get_or_none(tenant_id=tenant_id, document_hash=documents.hashed(kind, plain))


async def _own(actor: Actor, found: Patient, relation: str, given: Identity) -> Account:
    account = await Account.get(tenant_id=found.tenant_id, id=found.account_id)
    held = await Holder.exists(tenant_id=account.tenant_id, account_id=account.id, person_id=actor.person_id)
    is_own = relation in NAMED and actor.level >= STRONG and _is_same_name(account.name, given.name)
    if held or (is_own and found.born_on == given.born_on):
        return account
    advice = t("Ask the patient to invite you on their page, or ask at the hospital's desk.")
    raise Conflict(
        "patient.known", t("The hospital knows a patient with this document already."), advice=advice
    )


def _must_fit(given: Identity, there: Told) -> None:
    """Refuse a name or a day of birth that is another one at the hospital's own system."""
    if there.patient is None:
        return
    if not _is_same_name(there.patient.name, given.name):
        raise _field(
            "name", t("The hospital knows this document under another name. Check it, or ask at the desk.")
        )
    if there.patient.born_on not in {None, given.born_on}:
        raise _field("born_on", t("The hospital knows another day of birth for this document."))


async def link(actor: Actor, account_id: UUID, there: Told) -> bool:
    """Keep what the hospital's own system calls a patient by, in the hospital's scope; tell whether it knows them.

    Raises:
        Conflict: another patient of ours is that one already.
    """
    if there.patient is None:
        return False
    account = await Account.get(tenant_id=actor.tenant_id, id=account_id)
    try:
        async with open_scope(tenant_scope(account.tenant_id)):
            await Patient.filter(tenant_id=account.tenant_id, account_id=account.id).update(
                his_number=there.patient.number
            )
    except IntegrityError as error:
        raise Conflict(
            "patient.linked", t("Another patient here is this one of the hospital's system.")
        ) from error
    await audit.record(
        actor, "patient.linked", subject_kind="account", subject_id=account.id, subject_label=account.number
    )
    return True


async def register(actor: Actor, given: Identity, there: Told = NOBODY) -> Account:
    """Register a patient at the desk, with the document in hand; the same document again is the same patient.

    Raises:
        Invalid: something does not fit; the field says what.
    """
    actor.require(BOOK)
    assert actor.tenant_id is not None  # noqa: S101 - staff act inside their tenant
    plain = await _checked(given, actor.tenant_id)
    _must_fit(given, there)
    found = await _known(actor.tenant_id, given.document_kind, plain)
    if found is not None:
        return await Account.get(tenant_id=actor.tenant_id, id=found.account_id)
    return await _write(actor, actor.tenant_id, given, plain, there)


async def _write(actor: Actor, tenant_id: UUID, given: Identity, plain: str, there: Told) -> Account:
    number = f"P{new_code(8)}"
    account = Account(
        id=new_id(),
        tenant_id=tenant_id,
        scenario=SCENARIO_KEY,
        kind="patient",
        number=number,
        name=given.name.strip(),
        sort_key=given.name.strip().casefold()[:100],
        attributes={"is_insured": given.is_insured},
    )
    try:
        async with open_scope(tenant_scope(tenant_id)):
            await account.save(force_create=True)
            await _write_patient(account, given, plain, there)
    except IntegrityError:  # the same document in the same moment
        raise Conflict("patient.twice", t("This patient was registered just now. Look again.")) from None
    await audit.record(
        actor.within(tenant_id),
        "patient.registered",
        subject_kind="account",
        subject_id=account.id,
        subject_label=number,
    )
    return account


async def _write_patient(account: Account, given: Identity, plain: str, there: Told) -> None:
    await Patient.create(
        id=new_id(),
        tenant_id=account.tenant_id,
        account_id=account.id,
        sex=given.sex,
        born_on=given.born_on,
        document_kind=given.document_kind,
        document_hash=documents.hashed(given.document_kind, plain),
        document=documents.sealed(plain),
        document_mask=documents.mask(plain),
        phone=runtime().encrypt(PHONE, given.phone.strip()),
        agreed_at=datetime.now(UTC),
        his_number=there.patient.number if there.patient else "",
    )


async def _hold(actor: Actor, account: Account, relation: str) -> None:
    """Make the signed-in person a holder, unless they are."""
    if await Holder.exists(
        tenant_id=account.tenant_id, account_id=account.id, person_id=actor.person_id, relation=relation
    ):
        return
    made = await Holder.create(
        id=new_id(),
        tenant_id=account.tenant_id,
        account_id=account.id,
        person_id=actor.person_id,
        relation=relation,
        name=actor.name[:100],
        email=actor.email,
        confirmed_at=datetime.now(UTC),
        since=None,
    )
    await _tell(actor, "holder.added", account, made.id, {"relation": relation, "level": actor.level})


async def _tell(actor: Actor, act: str, account: Account, holder_id: UUID, after: dict[str, object]) -> None:
    await audit.record(
        actor.within(account.tenant_id),
        act,
        subject_kind="holder",
        subject_id=holder_id,
        subject_label=f"{actor.name}, {account.number}",
        after=after,
    )


async def trust(
    actor: Actor, *, account_id: UUID, name: str, purposes: list[str], email: str = ""
) -> tuple[Holder, str]:
    """Invite a trusted person, in the hospital's scope; return the holder and the code they confirm themselves with.

    Raises:
        Invalid: no name, or nothing granted.
        Conflict: the patient trusts as many people as one may.
    """
    account = await Account.get(tenant_id=actor.tenant_id, id=account_id)
    if not name.strip():
        raise _field("name", t("Enter the person's name."))
    if not purposes or set(purposes) - GRANTS.keys():
        raise _field("purposes", t("Choose what the person may do."))
    if len(await proxies(account.tenant_id, account.id)) >= MOST_PROXIES:
        raise Conflict(
            "patient.proxies", t("At most {n} people can be trusted. End one first.", n=MOST_PROXIES)
        )
    made = await _trusted(account, name.strip()[:100], email, purposes)
    for purpose in sorted(set(purposes)):
        await CareGrant.create(
            id=new_id(),
            tenant_id=account.tenant_id,
            account_id=account.id,
            holder_id=made.id,
            purpose=purpose,
            granted_by_name=actor.name[:100],
        )
    await codes.ensure_codes(account.tenant_id, [account.id])
    made = await Holder.get(tenant_id=made.tenant_id, id=made.id)
    await _tell(
        actor, "holder.added", account, made.id, {"relation": "proxy", "grants": sorted(set(purposes))}
    )
    return made, codes.confirmation_code(made)


async def _trusted(account: Account, name: str, email: str, purposes: list[str]) -> Holder:
    """Write down whom a patient trusts. A namesake whose part has ended, by whomever, is not in the way."""
    await execute(_FREE, account.tenant_id, account.id, name)
    try:
        async with open_scope(tenant_scope(account.tenant_id)):
            return await Holder.create(
                id=new_id(),
                tenant_id=account.tenant_id,
                account_id=account.id,
                relation="proxy",
                name=name,
                email=email,
                is_default_payer=False,
                sees=sights(purposes),
            )
    except IntegrityError:
        raise _field("name", t("This person is trusted already.")) from None


def sights(purposes: list[str]) -> list[str]:
    """Return what PostgreSQL lets a trusted person see: bills of what they were granted, and of nothing else."""
    return sorted({*purposes, *(PAID if {"visits", "stays"} & set(purposes) else ())})


async def proxies(tenant_id: UUID, account_id: UUID) -> list[Holder]:
    """Return the patient's trusted people of today."""
    found = await Holder.filter(
        tenant_id=tenant_id, account_id=account_id, relation="proxy", until__isnull=True
    ).order_by("created_at")
    return list(found)


async def distrust(actor: Actor, *, account_id: UUID, holder_id: UUID) -> None:
    """End a trusted person's part: what they saw is gone from their pages at once.

    Raises:
        NotFound: there is no such trusted person.
    """
    holder = await Holder.get_or_none(
        tenant_id=actor.tenant_id, account_id=account_id, id=holder_id, relation="proxy"
    )
    if holder is None:
        raise NotFound("holder.not_found", t("There is no such holder, or they are not yours to see."))
    account = await Account.get(tenant_id=actor.tenant_id, id=account_id)
    await CareGrant.filter(tenant_id=actor.tenant_id, holder_id=holder.id, ended_at=None).update(
        ended_at=datetime.now(UTC)
    )
    await execute(_END, actor.tenant_id, holder.id)
    ended_on = today(await tenant_zone(account.tenant_id))
    await _tell(actor, "holder.ended", account, holder.id, {"until": ended_on.isoformat()})


_ENDED_NAME = "left(name, 70) || to_char(day_of($1), ' (YYYY-MM-DD, ') || right(id::text, 12) || ')'"
_END = f"""
update tenants_holder set until = day_of($1) - 1, since = least(since, day_of($1) - 1), person_id = null,
  confirmed_at = null, code_hash = null, name = {_ENDED_NAME}
 where tenant_id = $1 and id = $2
"""
"""Who is no longer trusted is nobody's holder: yesterday was the last day. The name becomes free, since whoever is
trusted again gets another code."""
_FREE = f"""
update tenants_holder set name = {_ENDED_NAME}
 where tenant_id = $1 and account_id = $2 and relation = 'proxy' and name = $3 and until is not null
"""
