"""The CapabilityStatement: what works here, said from what answers, so that neither knows more than the other."""

from datetime import date
from typing import Any

from scenarios.hospital.fhir.all import kinds
from scenarios.hospital.fhir.including import names_of
from scenarios.hospital.fhir.kinds import Kind, Param, Server
from scenarios.hospital.fhir.searching import MOST, USUAL, sorts_of
from tenants.runtime import runtime

WRITING = "Appointment"
DAY = date(2026, 11, 29)
_SECURITY = "http://terminology.hl7.org/CodeSystem/restful-security-service"
_OAUTH = "http://fhir-registry.smarthealthit.org/StructureDefinition/oauth-uris"
_ABOUT = (
    "Tools that are launched on a patient read that patient's resources with patient/*.rs. An app by itself calls with"
    " a token of its installation, and reads what the hospital agreed to: appointments, accounts, bills; booking and"
    " cancelling take the scope booking. Parameters that are not named here are refused."
)
_BOOKING = (
    "A transaction books one number: an entry that updates a free Slot to busy, with ifMatch, and an entry that creates"
    " the Appointment of one patient on it. What costs something is held: the Appointment is pending, and its Invoice"
    " says where and until when it is paid."
)
_SORTING = (
    "_sort by one of {names}, a minus before it for the last first. _count up to {most} ({usual} without it); _count=0"
    " and _summary=count tell how many there are. Where history is not read, vread has the present version alone."
)
_CANCELLING = "An update with If-Match sets the status to cancelled; the hospital's rule says what is kept."


def statement(server: Server) -> dict[str, Any]:
    """Return the statement of one hospital's server."""
    return {
        "resourceType": "CapabilityStatement",
        "status": "active",
        "date": DAY.isoformat(),
        "publisher": server.name,
        "kind": "instance",
        "software": {"name": "Scenario Cloud"},
        "implementation": {"description": server.name, "url": server.base},
        "fhirVersion": "4.0.1",
        "format": ["application/fhir+json", "json"],
        "rest": [
            {
                "mode": "server",
                "documentation": _ABOUT,
                "security": _security(),
                "resource": [_resource(kind) for kind in kinds().values()],
                "interaction": [{"code": "transaction", "documentation": _BOOKING}],
            }
        ],
    }


def _security() -> dict[str, Any]:
    root = runtime().public_url.rstrip("/")
    uris = {name: f"{root}/oauth/{name}" for name in ("authorize", "token", "introspect", "revoke")}
    return {
        "cors": True,
        "service": [{"coding": [{"system": _SECURITY, "code": "SMART-on-FHIR", "display": "SMART-on-FHIR"}]}],
        "extension": [
            {
                "url": _OAUTH,
                "extension": [{"url": name, "valueUri": path} for name, path in uris.items()],
            }
        ],
    }


def _resource(kind: Kind) -> dict[str, Any]:
    is_written = kind.name == WRITING
    acts: list[dict[str, Any]] = [{"code": "read"}, {"code": "search-type"}]
    acts += [] if kind.is_undated else [{"code": "vread"}]
    acts += [{"code": "history-instance"}] if kind.kept else []
    if is_written:
        acts.append({"code": "update", "documentation": _CANCELLING})
    versioning = "no-version" if kind.is_undated else ("versioned-update" if is_written else "versioned")
    return {
        "type": kind.name,
        "interaction": acts,
        "versioning": versioning,
        "readHistory": bool(kind.kept),
        "updateCreate": False,
        "conditionalRead": "not-supported" if kind.is_undated else "not-match",
        "documentation": _SORTING.format(names=", ".join(sorts_of(kind)), most=MOST, usual=USUAL),
        **({"searchInclude": includes} if (includes := names_of(kind)) else {}),
        "searchParam": [_param(param) for param in kind.all_params],
    }


def _param(param: Param) -> dict[str, Any]:
    return {
        "name": param.name,
        "type": param.type,
        "definition": param.definition,
        "documentation": param.about,
    }
