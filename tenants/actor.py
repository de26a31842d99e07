"""Who is acting, as services know them: never a request, always this."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Literal
from uuid import UUID

from tenants.scope import Scope, bank_scope, link_scope, person_scope, tenant_scope, vendor_scope
from ui.errors import AppError, Forbidden
from ui.i18n import t

Kind = Literal["staff", "bank", "vendor", "payer", "link", "system"]
STRONG_LEVEL = 2
FRESH = timedelta(minutes=15)


class StepUp(AppError):
    """The act asks for a fresh, strong login; ``integrations.sign_in`` sends the person to their bank for it."""

    status = 401

    def __init__(self, level: int = STRONG_LEVEL) -> None:
        super().__init__("login.step_up", t("Please confirm with your bank that it is you."))
        self.level = level


@dataclass(frozen=True, slots=True)
class Actor:
    """A person (or the system) acting in one place.

    ``level`` is the assurance (1–3) that the sign-in at ``auth_time`` still has (``tenants.levels``);
    ``refund_limit_minor`` is what this person may refund alone, ``adjustment_limit_minor`` what they may let off
    alone, in the tenant's currency.
    ``support_id`` is the access by which somebody of the bank is inside.
    """

    kind: Kind
    name: str
    person_id: UUID | None = None
    session_id: UUID | None = None
    tenant_id: UUID | None = None
    bank_id: UUID | None = None
    vendor_id: UUID | None = None
    bill_id: UUID | None = None
    support_id: UUID | None = None
    permissions: frozenset[str] = field(default_factory=frozenset)
    roles: tuple[str, ...] = ()
    branches: tuple[UUID, ...] = ()
    refund_limit_minor: int = 0
    adjustment_limit_minor: int = 0
    level: int = 0
    method: str = ""
    auth_time: datetime | None = None
    email: str = ""
    company: dict[str, Any] | None = None
    ip: str = ""
    request_id: str = ""
    place: dict[str, Any] = field(default_factory=dict)
    """The tenant's or bank's own row as the door found it, for pages."""

    def may(self, permission: str) -> bool:
        """Tell whether the actor has the permission here; the system has all."""
        return self.kind == "system" or permission in self.permissions

    def require(self, permission: str) -> None:
        """Raise ``Forbidden`` unless the actor has the permission here."""
        if not self.may(permission):
            raise Forbidden("permission.missing", t("You do not have the right to do this."))

    def works_with_institutions(self) -> bool:
        """Tell whether the actor brings institutions in or looks after them, and does not only look on."""
        return any(self.may(one) for one in ("applications.write", "applications.decide", "tenants.write"))

    def require_work(self) -> None:
        """Raise ``Forbidden`` for whoever only looks on: an auditor does nothing of what they audit."""
        if not self.works_with_institutions():
            raise Forbidden("permission.missing", t("You do not have the right to do this."))

    def require_fresh(self, level: int = STRONG_LEVEL) -> None:
        """Raise ``StepUp`` unless the sign-in is strong and recent: money and rights acts ask for it."""
        recent = self.auth_time is not None and datetime.now(UTC) - self.auth_time <= FRESH
        if self.kind != "system" and not (self.level >= level and recent):
            raise StepUp(level)

    def scope(self) -> Scope:
        """Return the scope this actor sees the database through."""
        if self.kind in {"staff", "system"} and self.tenant_id:
            return tenant_scope(self.tenant_id)
        if self.kind == "bank" and self.bank_id:
            return bank_scope(self.bank_id)
        if self.kind == "vendor" and self.vendor_id:
            return vendor_scope(self.vendor_id)
        if self.kind == "link" and self.tenant_id and self.bill_id:
            return link_scope(self.tenant_id, self.bill_id)
        if self.kind == "payer" and self.person_id:
            return person_scope(self.person_id)
        return Scope()

    def within(self, tenant_id: UUID) -> "Actor":
        """Return this actor as seen inside a tenant, for money acts that a payer starts there."""
        return replace(self, tenant_id=tenant_id)


def system_actor(tenant_id: UUID, *, request_id: str = "") -> Actor:
    """Return the actor of a job in one tenant."""
    return Actor(kind="system", name="Scenario Cloud", tenant_id=tenant_id, request_id=request_id)
