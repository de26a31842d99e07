"""SMART App Launch 2.2 for hospital tools: the same launch, with the patient beside the token.

Our public address is the server that a tool is launched from. It gives the launch and its context, and holds no FHIR
resources (``smart_pages``).
"""

from collections.abc import Mapping
from typing import Any

from authlib.oauth2.rfc6749 import InvalidRequestError

from integrations.apps.clients import Client
from tenants.runtime import runtime

PROTOCOL = "smart"
SCOPES = frozenset({"launch", "launch/patient"})
"""What a tool may ask for to learn where it was launched. They open nothing by themselves."""
PATIENT = "account"
"""A patient is an account of a hospital."""


def scopes_of(client: Client) -> frozenset[str]:
    """Return the scopes that an app has by its protocol alone."""
    return SCOPES if PROTOCOL in client.protocols else frozenset()


def check(client: Client, given: Mapping[str, str]) -> None:
    """Refuse a tool's request that is meant for another server.

    Raises:
        InvalidRequestError: when its ``aud`` is not us.
    """
    meant = given.get("aud", runtime().public_url)
    if PROTOCOL in client.protocols and meant.rstrip("/") != runtime().public_url:
        raise InvalidRequestError("The aud is another server.")


def context(client: Client, scope: str, opened: Mapping[str, Any]) -> dict[str, Any]:
    """Return what stands beside the token: the patient, if the tool was launched on one that it may know of."""
    if PROTOCOL not in client.protocols or not SCOPES & set(scope.split()):
        return {}
    record = opened.get("record") or {}
    patient = {"patient": record["id"]} if record.get("kind") == PATIENT else {}
    return {**patient, "need_patient_banner": not patient}
