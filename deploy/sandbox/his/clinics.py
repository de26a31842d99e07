"""Sessions that the hospital's system plans: Schedules of a day, and their Slots, a page at a time."""

from datetime import datetime, timedelta
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from deploy.sandbox.his.searching import within
from deploy.sandbox.store import Doc, Row
from deploy.sandbox.world import World

PER_PAGE = 50
CODES = {"first": "ROUTINE", "return": "FOLLOWUP", "desk": "WALKIN"}


def put_sessions(world: World, body: Doc, path: dict[str, str]) -> Doc:
    """Have sessions be planned: ``{hospital, sessions: [{id, doctor, name, place, start, end, numbers}]}``.

    ``doctor`` is a code, ``numbers`` how many of each kind (first, return, desk); ``is_off`` is one that was dropped.
    """
    del path
    hospital = str(body["hospital"])
    rows = [Row(f"{hospital}|{one['id']}", one, parent=hospital) for one in body["sessions"]]
    world.store.put_many("his.session", rows)
    return {"count": len(rows)}


def search_schedules(world: World, request: Request, hospital: str, body: Doc) -> Response:
    """Return the schedules of a day."""
    del body
    found = [
        one for one in world.store.find("his.session", hospital) if within(request, "date", one["start"])
    ]
    return _page(request, [_schedule(one) for one in found])


def search_slots(world: World, request: Request, hospital: str, body: Doc) -> Response:
    """Return the slots of a day."""
    del body
    found = [
        one for one in world.store.find("his.session", hospital) if within(request, "start", one["start"])
    ]
    return _page(request, [slot for one in found for slot in _slots(one)])


def _schedule(one: Doc) -> Doc:
    doctor = {"reference": f"Practitioner/{one['doctor']}", "identifier": {"value": one["doctor"]}}
    return {
        "resourceType": "Schedule",
        "id": one["id"],
        "active": not one.get("is_off", False),
        "actor": [{**doctor, "display": one["name"]}, {"reference": "Location/1", "display": one["place"]}],
        "planningHorizon": {"start": one["start"], "end": one["end"]},
    }


def _slots(one: Doc) -> list[Doc]:
    kinds = [kind for kind, count in one["numbers"].items() for _ in range(count)]
    start = datetime.fromisoformat(one["start"])
    step = (datetime.fromisoformat(one["end"]) - start) / max(len(kinds), 1)
    return [_slot(one, n, kind, start + step * n, step) for n, kind in enumerate(kinds)]


def _slot(one: Doc, number: int, kind: str, start: datetime, step: timedelta) -> Doc:
    return {
        "resourceType": "Slot",
        "id": f"{one['id']}-{number}",
        "schedule": {"reference": f"Schedule/{one['id']}"},
        "status": "free",
        "appointmentType": {"coding": [{"code": CODES[kind]}]},
        "start": start.isoformat(),
        "end": (start + step).isoformat(),
    }


def _page(request: Request, found: list[Doc]) -> Response:
    """Return a page of what was found, with a link to the next."""
    page = int(request.query_params.get("page", "0"))
    shown = found[page * PER_PAGE : (page + 1) * PER_PAGE]
    bundle: dict[str, Any] = {
        "resourceType": "Bundle",
        "type": "searchset",
        "total": len(found),
        "entry": [{"resource": one} for one in shown],
    }
    if len(found) > (page + 1) * PER_PAGE:
        following = request.url.include_query_params(page=page + 1)
        bundle["link"] = [{"relation": "next", "url": str(following)}]
    return JSONResponse(bundle)
