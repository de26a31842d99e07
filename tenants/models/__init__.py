"""Tables of this package. Money tables live in ``billing.models``."""

from tenants.models.banks import (
    AccountProof,
    ApplicationPerson,
    BankPolicy,
    BankRequest,
    DocumentRequest,
    GateCheck,
    TenantMove,
)
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
    "AccountProof",
    "Application",
    "ApplicationDocument",
    "ApplicationPerson",
    "Audit",
    "Bank",
    "BankMembership",
    "BankPolicy",
    "BankRequest",
    "Branch",
    "DocumentRequest",
    "GateCheck",
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
    "TenantMove",
]
