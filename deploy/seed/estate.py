"""A real town's flats with their holders, and a street of shops, brought in by the product's own import."""

import csv
import io
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from uuid import UUID

from deploy.seed import people
from deploy.seed.cast import MARKET, RESIDENTS, SEED, TENGAH, Institution, Resident
from deploy.seed.names import Names
from deploy.seed.work import work_off
from scenarios.community.addresses import titled
from scenarios.community.blocks import HEADER, BlockUnit, units, write_units_csv
from scenarios.community.importing import UNITS
from tenants.actor import Actor
from tenants.imports import services
from tenants.models import Tenant
from tenants.scope import execute, open_scope, tenant_scope
from ui.errors import Conflict

DATA = Path(__file__).parent / "data"
CONFIRMED = timedelta(days=120)
"""How long ago the residents with a story have confirmed their accounts."""
_RESIDENT_SINCE = "2024-06-01"
_SHOPS = (
    ("Golden Wok Kitchen", "62.5"),
    ("Harbour Books", "48"),
    ("Sri Murugan Textiles", "91"),
    ("Kopi & Co", "36.5"),
    ("Wellness Pharmacy", "120"),
    ("Ang Mo Supermarket", "415.2"),
)
"""Holder and area in square metres."""
_SPACES = 12


def town_units(name: str) -> Iterator[BlockUnit]:
    """Yield the flats of a town whose blocks we keep, by the name of its file."""
    with (DATA / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        yield from units(csv.DictReader(file))


def town_csv(name: str, seed: int, residents: Iterable[Resident] = ()) -> bytes:
    """Return a town as the file that a manager would import, every flat with a holder."""
    names, out = Names(seed), io.StringIO()
    known = {door.number: one for one in residents for door in one.doors}

    def holder(unit: BlockUnit) -> Mapping[str, str]:
        number = titled(f"{unit.building} {unit.street} {unit.door}")
        return _as_resident(known[number]) if number in known else _anybody(names, unit.is_rented)

    write_units_csv(town_units(name), out, holder=holder)
    return out.getvalue().encode()


def _as_resident(one: Resident) -> dict[str, str]:
    found = {"Holder": one.name, "Relation": "owner", "E-mail": one.email, "Phone": one.phone}
    return found | {"Since": _RESIDENT_SINCE}


def _anybody(names: Names, is_rented: bool) -> dict[str, str]:
    name, phone = names.one(), names.number(80_000_000, 98_999_999)
    since = date(2023, 1, 1) + timedelta(days=names.number(0, 900))
    mail = f"holder{phone}@mail.example" if phone % 5 else ""
    found = {"Holder": name, "Relation": "resident" if is_rented else "owner", "E-mail": mail}
    return found | {"Phone": f"+65 {phone // 10_000} {phone % 10_000:04d}", "Since": since.isoformat()}


def street_csv() -> bytes:
    """Return the shops and parking spaces of the market street as a file to import."""
    names, out = Names(SEED + 1), io.StringIO()
    writer = csv.DictWriter(out, [*HEADER, "Kind", "Vehicle"], restval="", lineterminator="\r\n")
    writer.writeheader()
    place = {"Building": "1", "Street": "Market St", "Storey": "1"}
    for number, (shop, area) in enumerate(_SHOPS, start=1):
        holder = {"Holder": shop, "Relation": "resident", "E-mail": f"shop{number}@mail.example"}
        row = {"Door": f"#01-{number:02d}", "Kind": "shop", "Area (m²)": area, "Since": "2024-01-01"}
        writer.writerow(place | row | holder)
    for number in range(1, _SPACES + 1):
        writer.writerow(place | _space(number, names))
    return out.getvalue().encode()


def _space(number: int, names: Names) -> dict[str, str]:
    door, kind = f"#P-{number:02d}", "motorcycle" if number % 5 == 0 else "car"
    account = f"1 Market St {door}"
    known = next((one for one in RESIDENTS for at in one.doors if at.number == account), None)
    holder = _as_resident(known) if known else _anybody(names, is_rented=True)
    return {"Door": door, "Kind": "parking", "Vehicle": kind, **holder}


async def bring_in(actor: Actor, filename: str, content: bytes, kind: str = UNITS.kind) -> int:
    """Import a file, of units or of another ``kind``, from the upload to its last row; return how many rows it has.

    One that was imported before a seeding was killed stays as it is.

    Raises:
        ValueError: a row was refused: the file is ours, so it is our mistake.
    """
    assert actor.tenant_id is not None  # noqa: S101 - staff act inside their tenant
    async with open_scope(tenant_scope(actor.tenant_id)):
        made = await services.upload(actor, kind=kind, filename=filename, content=content)
        match = await services.match(actor, made)
        await services.choose(actor, made.id, chosen=match.proposed)
    await work_off(actor.tenant_id, services.CHECK_JOB)
    async with open_scope(tenant_scope(actor.tenant_id)):
        try:
            checked = await services.apply(actor, made.id)
        except Conflict as conflict:
            if conflict.code != "import.unchanged":
                raise
            return content.count(b"\n") - 1
    if checked.counts["good"] != checked.counts["rows"]:
        raise ValueError(f"{filename}: {checked.counts}")
    await work_off(actor.tenant_id, services.APPLY_JOB)
    return checked.counts["rows"]


_CONFIRM = """
update tenants_holder h set person_id = $3, confirmed_at = $5
  from tenants_account a
 where h.tenant_id = $1 and a.tenant_id = $1 and a.id = h.account_id and a.number = $2 and h.name = $4
"""


async def confirm(institution: Institution, tenant: Tenant, persons: Mapping[str, UUID]) -> None:
    """Let the residents who have typed the code on their bill see their accounts, since long ago."""
    since = datetime.now(UTC) - CONFIRMED
    async with open_scope(tenant_scope(tenant.id)):
        for one in RESIDENTS:
            for door in one.doors:
                if door.institution is institution and one.is_confirmed:
                    await execute(_CONFIRM, tenant.id, door.number, persons[one.customer], one.name, since)


async def residents(issuer: str) -> dict[str, UUID]:
    """Return the persons of all residents by customer, made on first sight."""
    return {one.customer: await people.resident(one, issuer) for one in RESIDENTS}


FILES = {TENGAH.slug: "tengah-units.csv", MARKET.slug: "market-street.csv"}
