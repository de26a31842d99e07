"""What the school's office does with offers: written, opened, closed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from billing.lists import Listing
from billing.models import FeeItem
from scenarios.education.kinds import GRADES
from scenarios.education.models import SchoolOffer, SchoolOption
from scenarios.education.offers.states import KINDS, OFFER
from tenants import audit
from tenants.actor import Actor
from tenants.ids import new_id
from tenants.models import Tenant
from ui.errors import Conflict, Invalid, NotFound
from ui.i18n import t

MOST_OPTIONS, MOST_PLACES, MOST_MINOR = 30, 10_000, 10**9
OFFERS = Listing(
    name="offers",
    filters=("kind", "status"),
    sorts={"closes_at": "o.closes_at", "title": "o.titles ->> 'en'"},
    default_sort="-closes_at",
    sql="""
select o.id, o.kind, o.titles, o.status, o.opens_at, o.closes_at, o.happens_on, o.grades,
       o.closes_at - interval '1 second' last_at,
       coalesce(p.places, 0)::int places, coalesce(p.taken, 0)::int taken, coalesce(b.kept, 0)::int kept,
       coalesce(b.waiting, 0)::int waiting
  from education_offer o
  left join lateral (select sum(places) places, sum(taken) taken from education_offer_option p
                      where p.tenant_id = $1 and p.offer_id = o.id) p on true
  left join lateral (select sum(quantity) filter (where b.status = 'kept') kept,
                            count(*) filter (where b.status = 'waiting') waiting
                       from education_booking b where b.tenant_id = $1 and b.offer_id = o.id) b on true
 where o.tenant_id = $1 and ($2 = '' or o.titles::text ilike $2) and ($3 = '' or o.kind = $3)
   and ($4 = '' or o.status = $4)""",
)
BOOKINGS = Listing(
    name="bookings",
    filters=("offer", "status"),
    sorts={"created_at": "b.created_at", "name": "a.sort_key"},
    default_sort="name",
    sql="""
select b.id, b.status, b.quantity, b.created_at, b.person_name, a.id account_id, a.name, a.number, a.place, p.names,
       c.person_name signed_by, c.created_at signed_at, p.price_minor * b.quantity amount_minor,
       (select currency from tenants_tenant where id = $1) currency
  from education_booking b
  join tenants_account a on a.tenant_id = $1 and a.id = b.account_id
  join education_offer_option p on p.tenant_id = $1 and p.id = b.option_id
  left join education_consent c on c.tenant_id = $1 and c.id = b.consent_id
 where b.tenant_id = $1 and ($2 = '' or a.number || ' ' || a.name || ' ' || a.place ilike $2)
   and b.offer_id::text = $3 and ($4 = '' or b.status = $4)""",
)


@dataclass(frozen=True, slots=True)
class Option:
    """One price with its places, as it is asked for."""

    names: dict[str, str]
    price_minor: int
    places: int


@dataclass(frozen=True, slots=True)
class Asked:
    """An offer as it is asked for; days are in the school's zone, the last one included."""

    kind: str
    titles: dict[str, str]
    texts: dict[str, str]
    consent: dict[str, str]
    grades: Sequence[str]
    opens_on: date
    closes_on: date
    options: Sequence[Option]
    fee_item_id: UUID | None = None
    happens_on: date | None = None
    minutes: int = 30
    most_each: int = 1
    has_waiting: bool = True


async def add(actor: Actor, asked: Asked) -> SchoolOffer:
    """Write an offer down as a draft, which no family sees.

    Raises:
        Invalid: something is missing or wrong; the field says what.
    """
    actor.require("offers.write")
    tenant = await Tenant.get(id=actor.tenant_id)
    await _check(tenant, asked)
    zone = ZoneInfo(tenant.timezone)
    offer = await SchoolOffer.create(
        id=new_id(),
        tenant_id=tenant.id,
        kind=asked.kind,
        titles=asked.titles,
        texts=asked.texts,
        consent=asked.consent,
        grades=",".join(grade for grade in GRADES if grade in asked.grades),
        fee_item_id=asked.fee_item_id,
        opens_at=datetime.combine(asked.opens_on, time(), zone).astimezone(UTC),
        closes_at=datetime.combine(asked.closes_on + timedelta(days=1), time(), zone).astimezone(UTC),
        happens_on=asked.happens_on,
        minutes=asked.minutes,
        most_each=asked.most_each,
        has_waiting=asked.has_waiting,
        created_by_name=actor.name[:100],
    )
    for position, one in enumerate(asked.options):
        await SchoolOption.create(
            id=new_id(),
            tenant_id=tenant.id,
            offer_id=offer.id,
            names=one.names,
            price_minor=one.price_minor,
            places=one.places,
            position=position,
        )
    await _record(actor, "offer.added", offer)
    return offer


async def _check(tenant: Tenant, asked: Asked) -> None:
    wrong = {}
    if asked.kind not in KINDS:
        wrong["kind"] = t("Choose what it is.")
    if not asked.titles.get("en", "").strip():
        wrong["title_en"] = t("Give it a title, in Chinese or in English.")
    if asked.closes_on < asked.opens_on:
        wrong["closes_on"] = t("The last day is on or after the first.")
    if not 1 <= len(asked.options) <= MOST_OPTIONS:
        wrong["options"] = t("Give at least one price with its places.")
    if any(
        not 0 <= one.price_minor <= MOST_MINOR or not 1 <= one.places <= MOST_PLACES for one in asked.options
    ):
        wrong["options"] = t("Each needs a price and between 1 and {n} places.", n=MOST_PLACES)
    known = {"tenant_id": tenant.id, "id": asked.fee_item_id, "is_active": True, "kind": "charge"}
    if asked.fee_item_id and not await FeeItem.filter(**known).exists():
        wrong["fee_item_id"] = t("Choose one of the school's fees.")
    if wrong:
        raise Invalid("offer.wrong", t("Something is missing."), fields=wrong)


async def get(actor: Actor, offer_id: UUID, *, lock: bool = False) -> SchoolOffer:
    """Return an offer of the school; ``NotFound`` when there is none."""
    actor.require("offers.read")
    query = SchoolOffer.filter(tenant_id=actor.tenant_id, id=offer_id)
    found = await (query.select_for_update() if lock else query).first()
    if found is None:
        raise NotFound("offer.not_found", t("There is no such offer."))
    return found


async def options_of(offer: SchoolOffer) -> list[SchoolOption]:
    """Return an offer's options in their order."""
    return await SchoolOption.filter(tenant_id=offer.tenant_id, offer_id=offer.id).order_by("position", "id")


async def turn(actor: Actor, offer_id: UUID, edge: str) -> SchoolOffer:
    """Open an offer to families, or close it.

    Raises:
        Conflict: that cannot be done as it stands.
    """
    actor.require("offers.write")
    offer = await get(actor, offer_id, lock=True)
    if edge not in {"open", "close"} or not OFFER.can(offer.status, edge):
        raise Conflict("offer.edge", t("This cannot be done with the offer as it stands."))
    offer.status = OFFER.after(offer.status, edge)
    await offer.save(update_fields=["status"])
    await _record(actor, "offer.opened" if edge == "open" else "offer.closed", offer)
    return offer


async def add_places(actor: Actor, offer_id: UUID, option_id: UUID, *, places: int) -> SchoolOption:
    """Change how many places an option has; never below what is taken.

    Raises:
        Invalid: fewer than are taken, or too many.
    """
    actor.require("offers.write")
    offer = await get(actor, offer_id)
    option = (
        await SchoolOption.filter(tenant_id=offer.tenant_id, offer_id=offer.id, id=option_id)
        .select_for_update()
        .first()
    )
    if option is None:
        raise NotFound("offer.no_option", t("There is no such option."))
    if not max(option.taken, 1) <= places <= MOST_PLACES:
        text = t("{n} are taken already. Choose as many or more.", n=option.taken)
        raise Invalid("offer.places", text, fields={"places": text})
    before, option.places = option.places, places
    await option.save(update_fields=["places"])
    await audit.record(
        actor,
        "offer.places_changed",
        subject_kind="offer",
        subject_id=offer.id,
        subject_label=offer.titles.get("en", ""),
        before={"places": before},
        after={"places": places},
    )
    return option


async def _record(actor: Actor, act: str, offer: SchoolOffer) -> None:
    await audit.record(
        actor,
        act,
        subject_kind="offer",
        subject_id=offer.id,
        subject_label=offer.titles.get("en", ""),
        after={"names": offer.titles},
    )
