"""A tenant's people: invitations, roles, the audit trail and failed background work."""
