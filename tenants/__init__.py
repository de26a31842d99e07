"""Who and where: banks, tenants, persons, memberships, scopes, audit and events."""
