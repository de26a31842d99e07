"""Searches by date as FHIR writes them: ``date=ge…&date=lt…``, or a bare day, which is one of the system's zone."""

import operator
from datetime import UTC, datetime, timedelta

from starlette.requests import Request

PREFIXES = {"ge": operator.ge, "gt": operator.gt, "le": operator.le, "lt": operator.lt}
"""The prefixes that are understood (HL7 FHIR R4, search by date)."""
DAY = timedelta(days=1)


def within(request: Request, name: str, moment: str) -> bool:
    """Tell whether a moment is within every parameter of that name."""
    found = _read(moment)
    return all(_holds(found, said) for said in request.query_params.getlist(name) if said)


def _holds(found: datetime, said: str) -> bool:
    compare = PREFIXES.get(said[:2])
    if compare:
        return bool(compare(found, _read(said[2:])))
    first = _read(said)
    return first <= found < first + DAY


def _read(said: str) -> datetime:
    """Return a moment; one without a zone is of the system's clocks, which show UTC."""
    moment = datetime.fromisoformat(said)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
