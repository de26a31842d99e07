"""Tables of this package. Money tables live in ``billing.models``."""

from tenants.models.people import (
    Account,
    BankMembership,
    Holder,
    Identity,
    Invitation,
    Membership,
    OneTimeCode,
    ParkedForm,
    Person,
    Role,
    Session,
)
from tenants.models.places import Application, ApplicationDocument, Audit, Bank, Branch, Tenant
from tenants.models.work import Idempotency, Import, ImportRow, Notice, Outbox, Task

__all__ = [
    "Account",
    "Application",
    "ApplicationDocument",
    "Audit",
    "Bank",
    "BankMembership",
    "Branch",
    "Holder",
    "Idempotency",
    "Identity",
    "Import",
    "ImportRow",
    "Invitation",
    "Membership",
    "Notice",
    "OneTimeCode",
    "Outbox",
    "ParkedForm",
    "Person",
    "Role",
    "Session",
    "Task",
    "Tenant",
]
