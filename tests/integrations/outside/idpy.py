"""idpyoidc discovers us, signs in with PKCE, checks the id_token and asks who it was."""

from urllib.parse import parse_qsl, urlsplit

from browsing import TOLD, browse, done
from idpyoidc.client.rp_handler import RPHandler

APP, ISSUER = TOLD["apps"]["idpy"], TOLD["issuer"]
handler = RPHandler(
    base_url="https://rp.example",
    client_configs={
        "ours": {
            "issuer": ISSUER,
            "client_id": APP["client_id"],
            "client_secret": APP["secret"],
            "client_type": "oidc",
            "redirect_uris": [APP["redirect_uri"]],
            "scopes_supported": ["openid", "profile", "email"],
            "response_types_supported": ["code"],
            "token_endpoint_auth_methods_supported": ["client_secret_basic"],
            "allow": {"http_links": True, "missing_kid": False},
            "add_ons": {
                "pkce": {
                    "function": "idpyoidc.client.oauth2.add_on.pkce.add_support",
                    "kwargs": {"code_challenge_length": 64, "code_challenge_method": "S256"},
                }
            },
        }
    },
)
back = urlsplit(browse(handler.begin("ours")))
found = handler.finalize(ISSUER, dict(parse_qsl(back.query)))
done(
    claims={name: str(value) for name, value in found["userinfo"].to_dict().items()},
    error=found.get("error", ""),
)
