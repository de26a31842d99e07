"""SMART backend services: a system of a tenant's own by itself, proven by its key, for ``system/…`` scopes.

The token says who the system is and what it wants to do; what it opens is asked of the installation at each call, in
the tenant that the address names. A tenant has to have agreed that the app may go on alone (``offline_access``), and to
what the industry asks for each kind of resource.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, ClassVar
from uuid import UUID

from authlib.oauth2.rfc6749 import InvalidClientError, InvalidScopeError
from authlib.oauth2.rfc6749.grants import ClientCredentialsGrant

from integrations.apps import clients
from integrations.apps.clients import Granted
from integrations.provider import service_tokens, smart
from integrations.provider.asked import Asked
from integrations.provider.bearer import BearerError
from integrations.provider.bridge import wait
from integrations.provider.relying import App
from ui.errors import NotFound
from ui.i18n import t

SERVICE = "/fhir"
ALONE = "offline_access"


class SystemGrant(ClientCredentialsGrant):  # type: ignore[misc]
    """Client credentials for SMART apps with a key, when every scope that is asked for is a system's."""

    TOKEN_ENDPOINT_AUTH_METHODS: ClassVar = ["private_key_jwt"]

    @classmethod
    def check_token_endpoint(cls, request: Asked) -> bool:
        """Tell whether this grant answers: LTI's services are asked for by the same one with other scopes."""
        wanted = (request.payload.scope or "").split()
        return bool(super().check_token_endpoint(request)) and any(
            one.startswith("system/") for one in wanted
        )

    def validate_token_request(self) -> None:
        """Check system and scopes."""
        app: App = self.authenticate_token_endpoint_client()
        if smart.PROTOCOL not in app.client.protocols or ALONE not in app.client.scopes:
            raise InvalidClientError(description="This app is no SMART app that may go on alone.")
        if not all(smart.is_system(one) for one in self.request.payload.scope.split()):
            raise InvalidScopeError
        self.request.client = app

    def create_token_response(self) -> tuple[int, dict[str, Any], list[tuple[str, str]]]:
        """Return the token, which is signed rather than stored."""
        scope = " ".join(dict.fromkeys(self.request.payload.scope.split()))
        token = wait(service_tokens.issue(self.request.client.client_id, scope, service=SERVICE))
        told = {
            "access_token": token,
            "token_type": "bearer",
            "expires_in": service_tokens.SECONDS,
            "scope": scope,
        }
        return 200, told, []


@dataclass(frozen=True, slots=True)
class System:
    """A system at an institution's FHIR server, with what the tenant lets its app have now."""

    client_id: str
    scopes: frozenset[str]
    granted: Granted

    def may(self, resource: str, act: str) -> bool:
        """Tell whether it may read (``r``) or search (``s``) this kind of resource."""
        return smart.may(_as_patient(self.scopes), resource, act)


def _as_patient(scopes: Iterable[str]) -> list[str]:
    return [one.replace("system/", "patient/", 1) for one in scopes]


def is_one(token: str) -> bool:
    """Tell whether a bearer token looks like a system's."""
    return token.count(".") == 2  # noqa: PLR2004 - a signed token has three parts


async def system_of(token: str, tenant_id: UUID) -> System:
    """Return which system shows a token, in the tenant that it calls; in any scope or none.

    Raises:
        BearerError: 401 for anything else than a token of ours that has not ended.
        NotFound: the tenant has not installed its app, or does not let it go on alone.
    """
    told = await service_tokens.shown(token, service=SERVICE)
    if told is None:
        raise _unknown()
    granted = await clients.granted(str(told["client_id"]), tenant_id)
    if granted is None or ALONE not in granted.scopes:
        raise NotFound("page.not_found", t("There is no such page, or it is not yours to see."))
    return System(granted.client_id, frozenset(str(told["scope"]).split()), granted)


def _unknown() -> BearerError:
    words = t("This token is not good: it has ended, or was never given.")
    return BearerError("bearer.token", words, headers={"WWW-Authenticate": 'Bearer error="invalid_token"'})
