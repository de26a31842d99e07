"""Deposits that the hospital's system hears of, each once for its identifier, and the patients whom it knows."""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from deploy.sandbox.his.searching import within
from deploy.sandbox.his.wards import key_of, refused
from deploy.sandbox.store import Doc, Row
from deploy.sandbox.world import World, new_id

SURFACE = "his"


def put_patients(world: World, body: Doc, path: dict[str, str]) -> Doc:
    """Have the system know patients: ``{hospital, patients: [{number, name, sex, born, kind, document}]}``."""
    del path
    hospital = str(body["hospital"])
    rows = [Row(f"{hospital}|{one['number']}", _patient(one), parent=hospital) for one in body["patients"]]
    world.store.put_many("his.patient", rows)
    return {"count": len(rows)}


def _patient(one: Doc) -> Doc:
    return {
        "resourceType": "Patient",
        "id": one["number"],
        "identifier": [
            {"use": "official", "value": one["number"]},
            {"system": f"urn:scenario:document:{one['kind']}", "value": one["document"]},
        ],
        "name": [{"text": one["name"]}],
        "gender": one.get("sex", "other"),
        "birthDate": one["born"],
    }


def search_patients(world: World, request: Request, hospital: str, body: Doc) -> Response:
    """Return the patients with an identifier, which stands in the body."""
    del request
    system, _, value = str(body.get("identifier", "")).rpartition("|")
    found = [
        one
        for one in world.store.find("his.patient", hospital)
        if any(each.get("system") == system and each["value"] == value for each in one["identifier"])
    ]
    return _bundle(found)


def search_notices(world: World, request: Request, hospital: str, body: Doc) -> Response:
    """Return notices by identifier, or those of a day."""
    del body
    wanted = request.query_params.get("identifier", "")
    return _bundle(
        [
            one
            for one in world.store.find("his.notice", hospital)
            if (not wanted or key_of(one) == wanted) and within(request, "created", one["created"])
        ]
    )


def create_notice(world: World, request: Request, hospital: str, body: Doc) -> Response:
    """Note a deposit: at most once for its identifier, unless the fault ``his_duplicate`` is on."""
    known = [
        one
        for one in world.store.find("his.notice", hospital)
        if key_of(one) == key_of(body) and one["status"] == "active"
    ]
    is_once = bool(request.headers.get("if-none-exist"))
    if known and is_once and not world.faults.take(SURFACE, "notices.create", ("his_duplicate",)):
        return JSONResponse(known[0])
    if not float(body["amount"]["value"]):
        return refused(422, "nothing was deposited")
    if world.faults.take(SURFACE, "notices.create", ("his_wrong_amount",)):
        body["amount"]["value"] += 1
    made = {**body, "id": new_id("note", 12)}
    world.store.put("his.notice", Row(f"{hospital}|{made['id']}", made, parent=hospital))
    return JSONResponse(made, 201)


def update_notice(world: World, request: Request, hospital: str, body: Doc) -> Response:
    """Take a notice back."""
    key = f"{hospital}|{request.path_params['id']}"
    found = world.store.get("his.notice", key)
    if found is None:
        return refused(404, "there is no such notice")
    found = {**found, "status": body["status"]}
    world.store.save("his.notice", key, found)
    return JSONResponse(found)


def _bundle(found: list[Doc]) -> Response:
    entries = [{"resource": one} for one in found]
    return JSONResponse(
        {"resourceType": "Bundle", "type": "searchset", "total": len(found), "entry": entries}
    )
