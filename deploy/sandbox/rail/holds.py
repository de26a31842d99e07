"""A merchant's settlement credit on hold: days that end meanwhile are credited with the first day after."""

from datetime import date, datetime, timedelta

from deploy.sandbox.rail.api import Call, RailError
from deploy.sandbox.rail.days import today, zoned
from deploy.sandbox.store import Doc, Row
from deploy.sandbox.world import World, iso, new_id

_KIND = "rail.hold"


def create(call: Call) -> tuple[int, Doc]:
    """Hold from the running day on, under the caller's own number; the same again gives the same hold."""
    number = call.text("hold_no", 64)
    alt = f"{call.merchant['id']}|{number}"
    known = call.world.store.by_alt(_KIND, alt)
    if known is not None:
        return 200, known
    hold: Doc = {
        "hold_id": new_id("hld_"),
        "hold_no": number,
        "status": "held",
        "held_at": iso(call.world.clock.now()),
        "released_at": None,
    }
    return 201, call.world.store.put(_KIND, Row(hold["hold_id"], hold, call.merchant["id"], alt))


def query(call: Call) -> tuple[int, Doc]:
    """Whether a hold is on."""
    return 200, _find(call)


def release(call: Call) -> tuple[int, Doc]:
    """Let go: what was held is credited with the running day's trades."""
    hold = _find(call)
    if hold["status"] == "held":
        hold |= {"status": "released", "released_at": iso(call.world.clock.now())}
        call.world.store.save(_KIND, hold["hold_id"], hold)
    return 200, hold


def _find(call: Call) -> Doc:
    found = call.world.store.by_alt(_KIND, f"{call.merchant['id']}|{call.path['hold']}")
    if found is None:
        raise RailError(404, "hold_not_found", "There is no such hold of this merchant")
    return found


def settled_with(world: World, merchant: str, day: date) -> list[date]:
    """The days whose trades are credited after ``day``: none while it is held, else those held before it too."""
    spans = [_span(world, hold) for hold in world.store.find(_KIND, merchant)]
    if _is_held(spans, day):
        return []
    days = [day]
    while _is_held(spans, days[0] - timedelta(days=1)):
        days.insert(0, days[0] - timedelta(days=1))
    return days


def _is_held(spans: list[tuple[date, date]], day: date) -> bool:
    return any(first <= day < until for first, until in spans)


def _span(world: World, hold: Doc) -> tuple[date, date]:
    """The days at whose end a hold is on: from its own day up to the day before it was let go."""
    first = zoned(datetime.fromisoformat(hold["held_at"])).date()
    if hold["released_at"] is None:
        return first, max(today(world), first) + timedelta(days=1)
    return first, zoned(datetime.fromisoformat(hold["released_at"])).date()
