"""We are the OpenID provider of the apps: one issuer, one tenant's installation behind every token."""
