"""Ward and bed of somebody who stays: health data, kept encrypted and found by keyed hashes alone."""

from typing import Any, NamedTuple
from uuid import UUID

from tenants.runtime import runtime

PURPOSE = "hospital-place"
_BETWEEN = "\n"


class Place(NamedTuple):
    """Where somebody lies, as it stands on the wristband; empty where nobody knows."""

    ward: str = ""
    bed: str = ""


NOWHERE = Place()


def tidy(text: str) -> str:
    """Return a bed or ward as it is compared: capitals, no spaces."""
    return "".join(text.split()).upper()


def columns(tenant_id: UUID, place: Place) -> dict[str, Any]:
    """Return what a stay keeps of a place."""
    sealed = runtime().encrypt(PURPOSE, _BETWEEN.join(place)) if any(place) else None
    return {
        "place": sealed,
        "place_hash": _hash(tenant_id, "place", _BETWEEN.join(place)) if place.bed else None,
        "ward_hash": hash_of_ward(tenant_id, place.ward),
        "bed_hash": hash_of_bed(tenant_id, place.bed),
    }


def opened(sealed: bytes | None) -> Place:
    """Return the place that was sealed."""
    return Place(*runtime().decrypt(PURPOSE, bytes(sealed)).split(_BETWEEN)) if sealed else NOWHERE


def hash_of_ward(tenant_id: UUID, ward: str) -> bytes | None:
    """Return what the stays of a ward are found by."""
    return _hash(tenant_id, "ward", tidy(ward)) if ward else None


def hash_of_bed(tenant_id: UUID, bed: str) -> bytes | None:
    """Return what the stays in beds of this name are found by, in whichever ward."""
    return _hash(tenant_id, "bed", tidy(bed)) if bed else None


def _hash(tenant_id: UUID, what: str, text: str) -> bytes:
    """Two hospitals' beds of one name look different."""
    return runtime().blind(PURPOSE, f"{tenant_id} {what} {text}")
