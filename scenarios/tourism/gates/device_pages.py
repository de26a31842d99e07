"""What a device at a gate opens: its page, its list, and where it sends scans, one or many."""

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute

from billing.names import localized
from scenarios.tourism.gates import faces, listing
from scenarios.tourism.gates.door import COOKIE, NoDevice, at_gate, key_of, note_seen
from scenarios.tourism.gates.scanning import REASONS, Asked, Station, Told, read_json, scan
from scenarios.tourism.kinds import VISITOR_KINDS
from scenarios.tourism.passes import services as passes
from tenants.codes import hash_token, new_token
from tenants.gates.judging import ENTRY, EXIT, OFFLINE, ONLINE
from tenants.gates.keeping import CAMERA
from tenants.gates.keeping import worker as worker_of
from tenants.http import WRITES, path_id, public_route
from tenants.scope import open_scope, secret_scope, value
from ui.errors import Invalid, NotFound
from ui.forms import Form, bind
from ui.i18n import N_, gettext, t
from ui.render import redirect, respond
from ui.shell import Shell

REASON = "a device at a gate comes in by the key that it was given"
YEAR_SECONDS = 400 * 24 * 3600
MOST_SCANS = 500
_NONCE_MAX = 40


class Typed(BaseModel):
    """A code or number typed or read by a hand scanner, for browsers without script."""

    nonce: str = ""
    code: str = Field(title=N_("Code or number of the ticket"), max_length=400)
    direction: str = Field(ENTRY, title=N_("Direction"), pattern="^(entry|exit)$")
    people: int = Field(0, title=N_("How many people"), ge=0, le=999)


class Doubt(BaseModel):
    """The scan of a pass whose holder somebody else is."""

    nonce: str = Field(max_length=_NONCE_MAX)


async def page(request: Request) -> Response:
    """The page of a device: what it scanned last, and a field for the next."""
    async with at_gate(key_of(request)) as station:
        await note_seen(station)
        return await _page(request, station, Form.blank(Typed, _next(station)), None)


def _next(station: Station, people: int = 0) -> dict[str, Any]:
    direction = EXIT if station.way == EXIT else ENTRY
    return {"nonce": new_token(), "direction": direction, "people": str(people or "")}


async def _page(
    request: Request, station: Station, form: Form[Typed], told: Told | None, status: int = 200
) -> Response:
    request.state.shell = Shell(
        face="payer", title=localized(station.site_names), home="/gate", zone=station.zone
    )
    context = {
        "station": station,
        "form": form,
        "told": told,
        "reasons": REASONS,
        "kinds": VISITOR_KINDS,
        "directions": [(ENTRY, gettext("Coming in")), (EXIT, gettext("Going out"))],
        "words": {key: gettext(text) for key, text in REASONS.items()} | {"goodbye": gettext("Goodbye")},
        "kind_words": {key: gettext(text) for key, text in VISITOR_KINDS.items()},
    }
    return await respond(request, "tourism/gates/device.html", context, status=status, headers=CAMERA)


async def typed(request: Request) -> Response:
    """Judge what was typed and show what to tell the visitor."""
    form = await bind(request, Typed)
    async with at_gate(key_of(request)) as station:
        if not form.is_valid:
            return await _page(request, station, form, None, status=422)
        said = form.ok
        asked = Asked(said.nonce or new_token(), said.code, said.direction, said.people)
        told = await scan(station, asked)
        fresh = Form.blank(Typed, _next(station) | {"direction": said.direction})
        return await _page(request, station, fresh, told)


async def scans(request: Request) -> Response:
    """Judge or merge scans that a device sends; each is answered for good, in the order sent."""
    body = read_json(await request.body())
    sent = body.get("scans") if isinstance(body, dict) else None
    if not isinstance(sent, list) or not 0 < len(sent) <= MOST_SCANS:
        raise Invalid("scans.body", t("Send between one and {n} scans.", n=MOST_SCANS))
    told: list[dict[str, Any]] = []
    key = key_of(request)
    for one in sent:
        asked = await faces.compared(key, _asked(one), one)
        async with at_gate(key) as station:
            told.append(_plain(await scan(station, asked)))
    return JSONResponse({"told": told}, headers={"Cache-Control": "no-store"})


def _asked(one: Any) -> Asked:
    """Read one scan; what is missing or of another kind is as if nobody had been let in."""
    facts = one if isinstance(one, dict) else {}
    nonce = str(facts.get("nonce", ""))[:_NONCE_MAX]
    if not nonce:
        raise Invalid("scans.nonce", t("Each scan needs a nonce of its own."))
    mode = OFFLINE if facts.get("mode") == OFFLINE else ONLINE
    people = facts.get("people")
    return Asked(
        nonce=nonce,
        code=str(facts.get("code", ""))[:400],
        direction=EXIT if facts.get("direction") == EXIT else ENTRY,
        people=people if isinstance(people, int) and 0 < people < 1000 else 0,  # noqa: PLR2004
        mode=mode,
        scanned_at=_moment(facts.get("scanned_at")),
        has_let_in=mode == OFFLINE and facts.get("has_let_in") is True,
        reason=str(facts.get("reason", "")) if facts.get("reason") in REASONS else "",
    )


def _moment(text: Any) -> datetime | None:
    try:
        found = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return found.astimezone(UTC) if found.tzinfo else None


def _plain(told: Told) -> dict[str, Any]:
    return asdict(told) | {
        "text": gettext(REASONS.get(told.reason, "")),
        "who": gettext(VISITOR_KINDS.get(told.visitor_kind, "")),
        "is_final": True,
    }


async def codes(request: Request) -> Response:
    """The list that a device takes along for when it has no network."""
    async with at_gate(key_of(request)) as station:
        await note_seen(station)
        found = await listing.list_for(station, request.query_params.get("numbers", ""))
        return JSONResponse(found, headers={"Cache-Control": "no-store"})


async def photo(request: Request) -> Response:
    """The picture of a pass's holder, for the keeper to compare."""
    async with at_gate(key_of(request)) as station:
        holder = await passes.holder_of(station.tenant_id, path_id(request, "ticket"))
    if holder is None:
        raise NotFound("pass.not_found", t("There is no such pass."))
    found = passes.photo_of(holder)
    return Response(found.content, media_type=found.type, headers={"Cache-Control": "no-store"})


async def doubt(request: Request) -> Response:
    """Stop a pass that somebody else came with: what was let in is annulled, and staff look at it."""
    form = await bind(request, Doubt)
    async with at_gate(key_of(request)) as station:
        await faces.doubt(station, form.ok.nonce)
    return redirect(request, "/gate", flash=t("The pass is stopped. The office looks at it."))


async def enrol(request: Request) -> Response:
    """Ask whether this phone is to be the device."""
    key = request.path_params["key"]
    async with open_scope(secret_scope(hash_token(key))):
        name = await value(
            "select name from tourism_device where key_hash = $1 and revoked_at is null", hash_token(key)
        )
    if name is None:
        raise NoDevice
    context = {"key": key, "name": name}
    return await respond(request, "tourism/gates/enrol.html", context)


async def be_device(request: Request) -> Response:
    """Make this browser the device."""
    key = request.path_params["key"]
    async with at_gate(key) as station:
        await note_seen(station)
    response = redirect(request, "/gate")
    response.set_cookie(
        COOKIE, key, max_age=YEAR_SECONDS, path="/gate", httponly=True, samesite="strict",
        secure=request.url.scheme == "https",
    )  # fmt: skip
    return response


async def worker(request: Request) -> Response:
    """The service worker that keeps the gate's page for when there is no network."""
    del request
    return worker_of("/gate", ["tourism/gate-core.js"])


ROUTES: list[BaseRoute] = [
    public_route("/gate", page, reason=REASON, name="tourism_gate_page"),
    public_route("/gate", typed, reason=REASON, methods=WRITES, name="tourism_gate_typed"),
    public_route("/gate/scans", scans, reason=REASON, methods=WRITES, name="tourism_gate_scans"),
    public_route("/gate/codes.json", codes, reason=REASON, name="tourism_gate_codes"),
    public_route("/gate/photos/{ticket}", photo, reason=REASON, name="tourism_gate_photo"),
    public_route("/gate/doubts", doubt, reason=REASON, methods=WRITES, name="tourism_gate_doubt"),
    public_route(
        "/gate/worker.js", worker, reason="a script, the same for everybody", name="tourism_gate_worker"
    ),
    public_route("/gate/devices/{key}", enrol, reason=REASON, name="tourism_gate_enrol"),
    public_route(
        "/gate/devices/{key}", be_device, reason=REASON, methods=WRITES, name="tourism_gate_be_device"
    ),
]
