"""What a SMART tool reads of us, or of an institution's FHIR server, before it comes back with its launch."""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute

from integrations.provider.discovery import document
from integrations.provider.proving import ALGORITHMS, OTHERS
from integrations.provider.smart import EVERY, PROTOCOL, SCOPES, SYSTEM
from tenants.http import public_route

CAPABILITIES = (
    *("launch-ehr", "client-public", "client-confidential-symmetric", "client-confidential-asymmetric"),
    *("sso-openid-connect", "context-ehr-patient", "permission-offline"),
    *("permission-patient", "permission-v1", "permission-v2"),
)
_SHARED = (
    *("issuer", "jwks_uri", "authorization_endpoint", "token_endpoint", "introspection_endpoint"),
    *("revocation_endpoint", "grant_types_supported", "code_challenge_methods_supported"),
    *("response_types_supported", "token_endpoint_auth_methods_supported"),
)


async def configuration(request: Request) -> Response:
    """Say what a tool needs to know before it comes back with its launch."""
    del request
    found = document()
    told = {name: found[name] for name in _SHARED}
    told |= {
        "scopes_supported": [*found["scopes_supported"], *sorted(SCOPES), *EVERY, SYSTEM],
        "grant_types_supported": [*found["grant_types_supported"], "client_credentials"],
        "token_endpoint_auth_signing_alg_values_supported": [*ALGORITHMS, *OTHERS[PROTOCOL]],
        "capabilities": list(CAPABILITIES),
    }
    return JSONResponse(
        told, headers={"Access-Control-Allow-Origin": "*", "Cache-Control": "public, max-age=300"}
    )


ROUTES: list[BaseRoute] = [
    public_route(
        "/.well-known/smart-configuration",
        configuration,
        reason="Discovery is public.",
        name="smart_configuration",
    ),
    public_route(
        "/fhir/{tenant}/.well-known/smart-configuration",
        configuration,
        reason="Discovery is public, and the same for every institution.",
        name="smart_configuration_of_tenant",
    ),
]
