"""``_include``: what a page of resources refers to, told in the same Bundle, as far as whoever calls may read it."""

from collections.abc import Iterable, Sequence
from uuid import UUID

from scenarios.hospital.fhir.all import NAMES
from scenarios.hospital.fhir.kinds import Kind, Row
from scenarios.hospital.fhir.params import wrong
from ui.i18n import t


def names_of(kind: Kind) -> list[str]:
    """Return everything that may be included with a kind: its references to kinds that are told here."""
    return [
        f"{kind.name}:{param.name}"
        for param in kind.params
        if param.type == "reference" and any(of in NAMES for of in param.columns)
    ]


def wanted(kind: Kind, includes: Iterable[str], found: Sequence[Row]) -> dict[str, set[UUID]]:
    """Return which resources a page refers to by the references named, by kind.

    Raises:
        Wrong: no reference of this kind is called so.
    """
    ids: dict[str, set[UUID]] = {}
    for name in includes:
        for target, column in _columns(kind, name).items():
            ids.setdefault(target, set()).update(row[column] for row in found if row[column] is not None)
    return ids


def _columns(kind: Kind, name: str) -> dict[str, str]:
    """Return the columns of an include (``Slot:schedule``, ``Appointment:actor:Patient``) by the kinds they lead to."""
    of_kind, _, rest = name.partition(":")
    wish, _, target = rest.partition(":")
    params = {param.name: param for param in kind.params if param.type == "reference"}
    if of_kind != kind.name or wish not in params:
        names = ", ".join(names_of(kind)) or "–"
        raise wrong(
            "search.include", t("{kind} includes one of these: {names}.", kind=kind.name, names=names)
        )
    known = {of: column for of, column in params[wish].columns.items() if of in NAMES}
    return {of: column for of, column in known.items() if target in {"", of}}
