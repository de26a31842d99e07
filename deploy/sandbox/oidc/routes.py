"""Addresses of the OpenID providers."""

from starlette.routing import BaseRoute, Route

from deploy.sandbox.faults import guarded
from deploy.sandbox.oidc.authorize import authorize, discovery, jwks
from deploy.sandbox.oidc.logout import end_session
from deploy.sandbox.oidc.signin import sign_in
from deploy.sandbox.oidc.tokens import token, userinfo


def routes() -> list[BaseRoute]:
    """Everything under `/oidc`."""
    at, both = "/oidc/{bank}", ["GET", "POST"]
    return [
        Route(f"{at}/.well-known/openid-configuration", guarded("oidc", "discovery", discovery)),
        Route(f"{at}/jwks", guarded("oidc", "jwks", jwks)),
        Route(f"{at}/authorize", guarded("oidc", "authorize", authorize), methods=both),
        Route(f"{at}/token", guarded("oidc", "token", token), methods=["POST"]),
        Route(f"{at}/userinfo", guarded("oidc", "userinfo", userinfo), methods=both),
        Route(f"{at}/end_session", guarded("oidc", "end_session", end_session), methods=both),
        Route(f"{at}/sign-in/{{interaction}}", sign_in, methods=both),
    ]
