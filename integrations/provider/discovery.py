"""What the issuer says about itself."""

from typing import Any

from integrations.apps.scopes import SCOPES, claims_of
from integrations.provider import keys, proofs, proving
from integrations.sign_in.levels import ACR
from tenants.runtime import runtime

_ENDPOINTS = {
    "authorization_endpoint": "authorize",
    "token_endpoint": "token",
    "pushed_authorization_request_endpoint": "par",
    "userinfo_endpoint": "userinfo",
    "introspection_endpoint": "introspect",
    "revocation_endpoint": "revoke",
    "end_session_endpoint": "logout",
    "jwks_uri": "jwks",
}


def document() -> dict[str, Any]:
    """Return the discovery document; its issuer is the public address, letter for letter."""
    issuer = runtime().public_url
    auth = {"methods": list(proving.METHODS), "algorithms": list(proving.ALGORITHMS)}
    return {
        "issuer": issuer,
        **{name: f"{issuer}/oauth/{path}" for name, path in _ENDPOINTS.items()},
        "response_types_supported": ["code"],
        "response_modes_supported": ["query", "form_post"],
        "grant_types_supported": ["authorization_code", "refresh_token"],
        "code_challenge_methods_supported": ["S256"],
        "subject_types_supported": ["pairwise"],
        "id_token_signing_alg_values_supported": list(keys.ALGORITHMS),
        "acr_values_supported": list(ACR),
        "scopes_supported": list(SCOPES),
        "claims_supported": ["sub", "acr", "amr", "auth_time", "sid", *claims_of(SCOPES)],
        "claims_parameter_supported": True,
        "request_parameter_supported": False,
        "request_uri_parameter_supported": False,
        "prompt_values_supported": ["none", "login", "consent", "select_account"],
        "ui_locales_supported": ["en", "zh-CN"],
        "authorization_response_iss_parameter_supported": True,
        "backchannel_logout_supported": True,
        "backchannel_logout_session_supported": True,
        "frontchannel_logout_supported": True,
        "frontchannel_logout_session_supported": True,
        "dpop_signing_alg_values_supported": list(proofs.ALGORITHMS),
        **{
            f"{name}_endpoint_auth_methods_supported": auth["methods"]
            for name in ("token", "introspection", "revocation")
        },
        **{
            f"{name}_endpoint_auth_signing_alg_values_supported": auth["algorithms"]
            for name in ("token", "introspection", "revocation")
        },
    }
