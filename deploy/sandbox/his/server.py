"""The hospital's system: charge items that are to be paid, and invoices by which it hears that they were.

``POST Invoice`` with ``If-None-Exist`` creates at most one for an identifier, as FHIR's conditional create says, unless
the fault ``his_duplicate`` is on. An invoice is refused when it names a charge item that is not billable, or another
sum than theirs.
"""

from collections.abc import Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from deploy.sandbox.faults import guarded
from deploy.sandbox.his import clinics, deposits, reports, wards
from deploy.sandbox.his.searching import within
from deploy.sandbox.store import Doc, Row
from deploy.sandbox.world import World, iso, new_id, world_of

SURFACE = "his"
Act = Callable[[World, Request, str, Doc], Response]


def routes() -> list[BaseRoute]:
    """Everything under ``/his/{hospital}/fhir``."""
    base = "/his/{hospital}/fhir"
    return [
        Route(f"{base}/ChargeItem", _endpoint("charges.search", search_charges)),
        Route(f"{base}/Invoice", _endpoint("invoices.search", search_invoices)),
        Route(f"{base}/Invoice", _endpoint("invoices.create", create_invoice), methods=["POST"]),
        Route(f"{base}/Invoice/{{id}}", _endpoint("invoices.read", read_invoice)),
        Route(f"{base}/Invoice/{{id}}", _endpoint("invoices.update", update_invoice), methods=["PUT"]),
        Route(f"{base}/PaymentNotice", _endpoint("notices.search", deposits.search_notices)),
        Route(f"{base}/PaymentNotice", _endpoint("notices.create", deposits.create_notice), methods=["POST"]),
        Route(
            f"{base}/PaymentNotice/{{id}}",
            _endpoint("notices.update", deposits.update_notice),
            methods=["PUT"],
        ),
        Route(
            f"{base}/Patient/_search",
            _endpoint("patients.search", deposits.search_patients),
            methods=["POST"],
        ),
        Route(f"{base}/DiagnosticReport", _endpoint("reports.search", reports.search_reports)),
        Route(f"{base}/Schedule", _endpoint("schedules.search", clinics.search_schedules)),
        Route(f"{base}/Slot", _endpoint("slots.search", clinics.search_slots)),
        Route(f"{base}/Encounter", _endpoint("stays.search", wards.search_stays)),
        Route(f"{base}/Encounter/{{id}}", _endpoint("stays.read", wards.read_stay)),
        Route(f"{base}/Claim/$submit", _endpoint("claims.submit", wards.submit_claim), methods=["POST"]),
        Route(f"{base}/ClaimResponse", _endpoint("claims.search", wards.search_claims)),
        Route(
            f"{base}/ClaimResponse/{{id}}", _endpoint("claims.update", wards.update_claim), methods=["PUT"]
        ),
    ]


def _endpoint(operation: str, act: Act) -> Callable[[Request], Any]:
    async def run(request: Request) -> Response:
        world, hospital = world_of(request), str(request.path_params["hospital"])
        system = world.store.get("his.system", hospital)
        if system is None or request.headers.get("authorization") != f"Bearer {system['token']}":
            return _outcome(401, "login", "the token is not known")
        body = await _body(request)
        with world.store.transaction():
            return act(world, request, hospital, body)

    return guarded(SURFACE, operation, run)


async def _body(request: Request) -> Doc:
    if request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        return dict(await request.form())
    return dict(await request.json()) if await request.body() else {}


def _outcome(status: int, code: str, text: str) -> Response:
    issue = {"severity": "error", "code": code, "diagnostics": text}
    return JSONResponse({"resourceType": "OperationOutcome", "issue": [issue]}, status)


def _bundle(found: list[Doc]) -> Response:
    entries = [{"resource": one} for one in found]
    return JSONResponse(
        {"resourceType": "Bundle", "type": "searchset", "total": len(found), "entry": entries}
    )


def put_system(world: World, body: Doc, path: dict[str, str]) -> Doc:
    """Register a hospital's system with the token that it wants."""
    del path
    return world.store.put("his.system", Row(str(body["hospital"]), {"token": str(body["token"])}))


def put_charges(world: World, body: Doc, path: dict[str, str]) -> Doc:
    """Have a patient's orders be charged: ``{hospital, charges: [{id, patient, text, value, currency, status}]}``.

    What ``is_done`` was done already, and is not taken back any more.
    """
    del path
    hospital = str(body["hospital"])
    rows = [
        Row(f"{hospital}|{one['id']}", _charge(one), parent=f"{hospital}|{one['patient']}")
        for one in body["charges"]
    ]
    world.store.put_many("his.charge", rows)
    return {"count": len(rows)}


def _charge(one: Doc) -> Doc:
    return {
        "resourceType": "ChargeItem",
        "id": one["id"],
        "status": one.get("status", "billable"),
        "code": {"text": one.get("text", "")},
        "subject": {"identifier": {"value": one["patient"]}},
        "occurrenceDateTime": one.get("at", "2026-01-01T08:00:00Z"),
        "priceOverride": {"value": one["value"], "currency": one.get("currency", "SGD")},
        "extension": [{"url": "urn:sandbox:done", "valueBoolean": bool(one.get("is_done"))}],
    }


def search_charges(world: World, request: Request, hospital: str, body: Doc) -> Response:
    """Return a patient's charge items by status, or those of a stay."""
    del body
    if stay := request.query_params.get("context", ""):
        return wards.lines_of(world, hospital, stay)
    patient = request.query_params.get("subject:identifier", "")
    status = request.query_params.get("status", "")
    found = world.store.find("his.charge", f"{hospital}|{patient}")
    return _bundle([one for one in found if not status or one["status"] == status])


def search_invoices(world: World, request: Request, hospital: str, body: Doc) -> Response:
    """Return invoices by identifier, or those of a day."""
    del body
    wanted = request.query_params.get("identifier", "")
    found = world.store.find("his.invoice", hospital)
    return _bundle(
        [one for one in found if (not wanted or _key(one) == wanted) and within(request, "date", one["date"])]
    )


def _key(invoice: Doc) -> str:
    return str((invoice.get("identifier") or [{}])[0].get("value", ""))


def create_invoice(world: World, request: Request, hospital: str, body: Doc) -> Response:
    """Post a payment: at most once for its identifier."""
    known = [one for one in world.store.find("his.invoice", hospital) if _key(one) == _key(body)]
    is_once = bool(request.headers.get("if-none-exist"))
    if known and is_once and not world.faults.take(SURFACE, "invoices.create", ("his_duplicate",)):
        return JSONResponse(known[0], 200)
    charges = [_of(world, hospital, line) for line in body.get("lineItem", [])]
    if not charges or (any(one is None or one["status"] != "billable" for one in charges) and not known):
        return _outcome(422, "business-rule", "a charge item is not to be paid")
    total = round(sum(float(one["priceOverride"]["value"]) for one in charges if one), 2)
    if total != round(float(body["totalGross"]["value"]), 2):
        return _outcome(422, "business-rule", "the sum is another one")
    if world.faults.take(SURFACE, "invoices.create", ("his_wrong_amount",)):
        body["totalGross"]["value"] = total + 1
    made = {**body, "id": new_id("inv", 12), "date": iso(world.clock.now()), "status": "balanced"}
    world.store.put("his.invoice", Row(f"{hospital}|{made['id']}", made, parent=hospital))
    _mark(world, hospital, charges, "billed")
    return JSONResponse(made, 201)


def _of(world: World, hospital: str, line: Doc) -> Doc | None:
    reference = str(line.get("chargeItemReference", {}).get("reference", ""))
    return world.store.get("his.charge", f"{hospital}|{reference.removeprefix('ChargeItem/')}")


def _mark(world: World, hospital: str, charges: list[Doc | None], status: str) -> None:
    for one in charges:
        if one is not None:
            world.store.save("his.charge", f"{hospital}|{one['id']}", {**one, "status": status})


def read_invoice(world: World, request: Request, hospital: str, body: Doc) -> Response:
    """Return one invoice."""
    del body
    found = world.store.get("his.invoice", f"{hospital}|{request.path_params['id']}")
    return JSONResponse(found) if found else _outcome(404, "not-found", "there is no such invoice")


def update_invoice(world: World, request: Request, hospital: str, body: Doc) -> Response:
    """Take a posting back, so that its charge items are to be paid again, or single items out of it for good."""
    key = f"{hospital}|{request.path_params['id']}"
    found = world.store.get("his.invoice", key)
    if found is None:
        return _outcome(404, "not-found", "there is no such invoice")
    if "lineItem" in body:
        return _take_out(world, hospital, key, found, body)
    if body.get("status") == "cancelled" and found["status"] != "cancelled":
        found = {**found, "status": "cancelled"}
        world.store.save("his.invoice", key, found)
        _mark(world, hospital, [_of(world, hospital, line) for line in found["lineItem"]], "billable")
    elif body.get("status") == "balanced" and found["status"] == "cancelled":
        return _restore(world, hospital, key, found)
    return JSONResponse(found)


def _take_out(world: World, hospital: str, key: str, found: Doc, body: Doc) -> Response:
    """Write an invoice without some of its items: they are not done any more, and nobody is charged for them."""
    gone = [_of(world, hospital, line) for line in found["lineItem"] if line not in body["lineItem"]]
    if any(one is None or one["extension"][0]["valueBoolean"] for one in gone):
        return _outcome(422, "business-rule", "it was done already")
    left = [_of(world, hospital, line) for line in body["lineItem"]]
    total = round(sum(float(one["priceOverride"]["value"]) for one in left if one), 2)
    if total != round(float(body["totalGross"]["value"]), 2):
        return _outcome(422, "business-rule", "the sum is another one")
    found = {
        **found,
        "lineItem": body["lineItem"],
        "totalGross": body["totalGross"],
        "status": body["status"],
    }
    world.store.save("his.invoice", key, found)
    _mark(world, hospital, gone, "aborted")
    return JSONResponse(found)


def _restore(world: World, hospital: str, key: str, found: Doc) -> Response:
    charges = [_of(world, hospital, line) for line in found["lineItem"]]
    if any(one is None or one["status"] != "billable" for one in charges):
        return _outcome(422, "business-rule", "a charge item is not to be paid")
    found = {**found, "status": "balanced"}
    world.store.save("his.invoice", key, found)
    _mark(world, hospital, charges, "billed")
    return JSONResponse(found)
