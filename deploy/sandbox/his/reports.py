"""Reports at the hospital's system: searched by patient and state; a test or a demonstration puts them there."""

import base64

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from deploy.sandbox.store import Doc, Row
from deploy.sandbox.world import World


def put_reports(world: World, body: Doc, path: dict[str, str]) -> Doc:
    """Have reports of a patient: ``{hospital, reports: [{id, patient, title, conclusion, at, status, text}]}``."""
    del path
    hospital = str(body["hospital"])
    rows = [
        Row(f"{hospital}|{one['id']}", _report(one), parent=f"{hospital}|{one['patient']}")
        for one in body["reports"]
    ]
    world.store.put_many("his.report", rows)
    return {"count": len(rows)}


def _report(one: Doc) -> Doc:
    data = base64.b64encode(str(one.get("text", "")).encode()).decode()
    return {
        "resourceType": "DiagnosticReport",
        "id": one["id"],
        "status": one.get("status", "final"),
        "code": {"text": one["title"]},
        "subject": {"identifier": {"value": one["patient"]}},
        "issued": one.get("at", "2026-01-01T08:00:00Z"),
        "conclusion": one.get("conclusion", ""),
        "presentedForm": [{"contentType": "text/plain", "data": data}] if data else [],
    }


def search_reports(world: World, request: Request, hospital: str, body: Doc) -> Response:
    """Return a patient's reports by status."""
    del body
    patient = request.query_params.get("subject:identifier", "")
    wanted = request.query_params.get("status", "")
    found = world.store.find("his.report", f"{hospital}|{patient}")
    shown = [one for one in found if not wanted or one["status"] in wanted.split(",")]
    entries = [{"resource": one} for one in shown]
    return JSONResponse(
        {"resourceType": "Bundle", "type": "searchset", "total": len(shown), "entry": entries}
    )
