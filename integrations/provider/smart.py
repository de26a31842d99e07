"""SMART App Launch 2.2 for hospital tools: the same launch, with the patient beside the token.

An institution's FHIR server is at ``base(tenant)``: the ``iss`` that a tool is launched with and the ``aud`` that it
asks for. Here are launch, context and scopes; the resources are the industry's, which asks ``bearer.launched`` who
calls.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from authlib.oauth2.rfc6749 import InvalidRequestError

from integrations.apps.clients import Client
from tenants.runtime import runtime

PROTOCOL = "smart"
SCOPES = frozenset({"launch", "launch/patient"})
"""What a tool may ask for to learn where it was launched. They open nothing by themselves."""
RECORDS = "records"
"""What a tenant agrees to when a tool may read a patient's record: it stands behind every ``patient/…`` scope."""
EVERY = ("patient/*.rs", "patient/*.read")
PATIENT = "account"
"""A patient is an account of a hospital."""
_READING = re.compile(r"patient/(\*|[A-Z][A-Za-z]{1,60})\.(rs|r|s|read)")
_ACTS = {"rs": "rs", "r": "r", "s": "s", "read": "rs"}


SYSTEM = "system/*.rs"
"""What a system of the tenant's own may ask for at most; ``smart_system`` gives it."""


def is_system(scope: str) -> bool:
    """Tell whether a scope is one that a system may ask for: to read, never to write."""
    kind, _, rest = scope.partition("/")
    return kind == "system" and _READING.fullmatch(f"patient/{rest}") is not None


def base(tenant_id: UUID) -> str:
    """Return the address of an institution's FHIR server."""
    return f"{runtime().public_url}/fhir/{tenant_id}"


def narrowed(client: Client, own: Iterable[str], scope: str | None) -> list[str]:
    """Return what of a wish is open to whoever has ``own``, in its order; what we do not know is left out."""
    held = set(own)
    return [
        name for name in dict.fromkeys((scope or "").split()) if name in held or _opens(client, held, name)
    ]


def _opens(client: Client, own: set[str], name: str) -> bool:
    if PROTOCOL not in client.protocols:
        return False
    return name in SCOPES or (RECORDS in own and _READING.fullmatch(name) is not None)


def may(scopes: Iterable[str], resource: str, act: str) -> bool:
    """Tell whether ``patient/…`` scopes open a kind of resource to reading (``r``) or searching (``s``)."""
    found = (_READING.fullmatch(scope) for scope in scopes)
    return any(one and one[1] in {"*", resource} and act in _ACTS[one[2]] for one in found)


def check(client: Client, given: Mapping[str, str]) -> None:
    """Refuse a tool's request that is meant for another server.

    Raises:
        InvalidRequestError: when its ``aud`` is not us.
    """
    here = runtime().public_url
    meant = given.get("aud", here).rstrip("/")
    if PROTOCOL in client.protocols and meant != here and not meant.startswith(f"{here}/fhir/"):
        raise InvalidRequestError("The aud is another server.")


def is_meant(client: Client, given: Mapping[str, str], tenant_id: UUID) -> bool:
    """Tell whether a tool's request is for this institution's server, or for none in particular."""
    here = runtime().public_url
    meant = given.get("aud", here).rstrip("/")
    return PROTOCOL not in client.protocols or meant in {here, base(tenant_id)}


def context(client: Client, scope: str, opened: Mapping[str, Any]) -> dict[str, Any]:
    """Return what stands beside the token: the patient, if the tool was launched on one that it may know of."""
    if PROTOCOL not in client.protocols or not SCOPES & set(scope.split()):
        return {}
    record = opened.get("record") or {}
    patient = {"patient": record["id"]} if record.get("kind") == PATIENT else {}
    return {**patient, "need_patient_banner": not patient}
