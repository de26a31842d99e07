"""The bank's OpenID providers: one issuer per bank at `/oidc/{bank}`."""
