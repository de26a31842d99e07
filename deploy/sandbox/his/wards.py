"""Stays at the hospital's system: who lies where, what each day cost, and what the insurer bears of it.

A claim is answered once for an identifier. The insurer bears ``percent`` of a final total, which a test or a
demonstration may set for each stay, and may decide again later: then a second response stands beside the first.
"""

from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from deploy.sandbox.coins import places
from deploy.sandbox.store import Doc, Row
from deploy.sandbox.world import World, iso, new_id

PERCENT = 60


def put_stays(world: World, body: Doc, path: dict[str, str]) -> Doc:
    """Have patients be in beds: ``{hospital, stays: [{id, patient, ward, bed, at, status, percent}]}``."""
    del path
    hospital = str(body["hospital"])
    rows = [Row(f"{hospital}|{one['id']}", _encounter(one), parent=hospital) for one in body["stays"]]
    world.store.put_many("his.stay", rows)
    return {"count": len(rows)}


def _encounter(one: Doc) -> Doc:
    return {
        "resourceType": "Encounter",
        "id": one["id"],
        "status": one.get("status", "in-progress"),
        "class": {"code": "IMP"},
        "subject": {"identifier": {"value": one["patient"]}},
        "period": {"start": one.get("at", "2026-01-01T08:00:00Z")},
        "location": [{"location": {"display": one["bed"], "identifier": {"value": one.get("ward", "")}}}],
        "extension": [{"url": "urn:sandbox:percent", "valueInteger": one.get("percent", PERCENT)}],
    }


def put_stay_charges(world: World, body: Doc, path: dict[str, str]) -> Doc:
    """Have stays be charged: ``{hospital, stay, charges: [{id, text, value, currency, status, day}]}``."""
    del path
    hospital, stay = str(body["hospital"]), str(body["stay"])
    rows = [
        Row(f"{hospital}|{one['id']}", _line(stay, one), parent=f"{hospital}|{stay}")
        for one in body["charges"]
    ]
    world.store.put_many("his.line", rows)
    return {"count": len(rows)}


def _line(stay: str, one: Doc) -> Doc:
    return {
        "resourceType": "ChargeItem",
        "id": one["id"],
        "status": one.get("status", "billable"),
        "code": {"text": one.get("text", "")},
        "context": {"reference": f"Encounter/{stay}"},
        "occurrenceDateTime": f"{one['day']}T08:00:00Z",
        "priceOverride": {"value": one["value"], "currency": one.get("currency", "SGD")},
    }


def put_decision(world: World, body: Doc, path: dict[str, str]) -> Doc:
    """Have the insurer decide again about a claim: ``{hospital, key, benefit}``."""
    del path
    hospital = str(body["hospital"])
    found = [one for one in world.store.find("his.claim", hospital) if key_of(one) == body["key"]]
    last = found[-1]
    amounts = {one["category"]["coding"][0]["code"]: one["amount"] for one in last["total"]}
    again = _response(world, last["identifier"], amounts["submitted"], float(body["benefit"]))
    return world.store.put("his.claim", Row(f"{hospital}|{again['id']}", again, parent=hospital))


def key_of(resource: Doc) -> str:
    """Return the identifier that we gave."""
    return str((resource.get("identifier") or [{}])[0].get("value", ""))


def search_stays(world: World, request: Request, hospital: str, body: Doc) -> Response:
    """Return encounters by status."""
    del body
    wanted = request.query_params.get("status", "")
    found = world.store.find("his.stay", hospital)
    return _bundle([one for one in found if not wanted or one["status"] in wanted.split(",")])


def read_stay(world: World, request: Request, hospital: str, body: Doc) -> Response:
    """Return one encounter."""
    del body
    found = world.store.get("his.stay", f"{hospital}|{request.path_params['id']}")
    return JSONResponse(found) if found else refused(404, "there is no such stay")


def lines_of(world: World, hospital: str, stay: str) -> Response:
    """Return what a stay was charged."""
    return _bundle(world.store.find("his.line", f"{hospital}|{stay}"))


def submit_claim(world: World, request: Request, hospital: str, body: Doc) -> Response:
    """Answer a claim: at most once for its identifier; a final one must name the whole of what stands there."""
    del request
    known = [one for one in world.store.find("his.claim", hospital) if key_of(one) == key_of(body)]
    standing = [one for one in known if one["status"] == "active"]
    if standing:
        return JSONResponse(standing[-1])
    named = [_line_of(world, hospital, item["productOrService"]["text"]) for item in body.get("item", [])]
    digits = places(str(body["total"].get("currency", "")))
    total = round(sum(float(one["priceOverride"]["value"]) for one in named if one), digits)
    if any(one is None for one in named) or total != round(float(body["total"]["value"]), digits):
        return refused(422, "the sum is another one")
    benefit = round(total * _percent(world, hospital, body) / 100, digits)
    if world.faults.take("his", "claims.submit", ("his_wrong_amount",)):
        total += 1
    made = _response(world, body["identifier"], {**body["total"], "value": total}, benefit)
    world.store.put("his.claim", Row(f"{hospital}|{made['id']}", made, parent=hospital))
    return JSONResponse(made, 201)


def _line_of(world: World, hospital: str, line: str) -> Doc | None:
    return world.store.get("his.line", f"{hospital}|{line}")


def _percent(world: World, hospital: str, claim: Doc) -> int:
    references = [item["encounter"][0]["reference"] for item in claim.get("item", [])]
    stay = world.store.get("his.stay", f"{hospital}|{references[0].removeprefix('Encounter/')}")
    return int(stay["extension"][0]["valueInteger"]) if stay else PERCENT


def _response(world: World, identifier: Any, submitted: Doc, benefit: float) -> Doc:
    amounts = {"submitted": submitted, "benefit": {**submitted, "value": benefit}}
    return {
        "resourceType": "ClaimResponse",
        "id": new_id("claim", 12),
        "identifier": identifier,
        "status": "active",
        "outcome": "complete",
        "created": iso(world.clock.now()),
        "total": [
            {"category": {"coding": [{"code": code}]}, "amount": amount} for code, amount in amounts.items()
        ],
    }


def search_claims(world: World, request: Request, hospital: str, body: Doc) -> Response:
    """Return the insurer's decisions under an identifier, the oldest first."""
    del body
    wanted, status = request.query_params.get("identifier", ""), request.query_params.get("status", "")
    found = world.store.find("his.claim", hospital)
    return _bundle(
        [one for one in found if key_of(one) == wanted and (not status or one["status"] == status)]
    )


def update_claim(world: World, request: Request, hospital: str, body: Doc) -> Response:
    """Take a claim back: every decision under its identifier."""
    found = world.store.get("his.claim", f"{hospital}|{request.path_params['id']}")
    if found is None:
        return refused(404, "there is no such claim")
    for one in world.store.find("his.claim", hospital):
        if key_of(one) == key_of(found) and body.get("status") == "cancelled":
            world.store.save("his.claim", f"{hospital}|{one['id']}", {**one, "status": "cancelled"})
    return JSONResponse({**found, "status": body.get("status", found["status"])})


def refused(status: int, text: str) -> Response:
    """Answer no, as FHIR says it."""
    issue = {"severity": "error", "code": "business-rule", "diagnostics": text}
    return JSONResponse({"resourceType": "OperationOutcome", "issue": [issue]}, status)


def _bundle(found: list[Doc]) -> Response:
    entries = [{"resource": one} for one in found]
    return JSONResponse(
        {"resourceType": "Bundle", "type": "searchset", "total": len(found), "entry": entries}
    )
