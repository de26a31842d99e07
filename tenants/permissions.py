"""What may be done, and the roles everybody starts with: data, read by pages and provisioning alike."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from ui.i18n import N_

TENANT_PERMISSIONS: dict[str, str] = {
    "dashboard.read": N_("See the dashboard"),
    "people.read": N_("See staff and roles"),
    "people.write": N_("Invite staff and change roles"),
    "accounts.read": N_("See accounts and their holders"),
    "accounts.write": N_("Change accounts and holders"),
    "imports.write": N_("Import accounts from files"),
    "fees.read": N_("See fee items and rules"),
    "fees.write": N_("Draft fee rules"),
    "fees.activate": N_("Put fee rules into force"),
    "runs.read": N_("See bill runs"),
    "runs.write": N_("Draft bill runs"),
    "runs.approve": N_("Approve bill runs"),
    "runs.issue": N_("Issue bills"),
    "bills.read": N_("See bills"),
    "bills.write": N_("Void bills"),
    "bills.single": N_("Issue single bills and opening balances"),
    "credit_notes.write": N_("Write credit notes"),
    "plans.write": N_("Agree and break instalment plans"),
    "bills.remind": N_("Send reminders"),
    "mandates.write": N_("Stop automatic payments"),
    "answers.work": N_("Work what payers answer to bills"),
    "complaints.read": N_("See complaints"),
    "complaints.work": N_("Work complaints and complain to the bank"),
    "adjustments.read": N_("See adjustments"),
    "adjustments.request": N_("Ask for an adjustment"),
    "adjustments.approve": N_("Approve and reverse adjustments"),
    "payments.read": N_("See payments and receipts"),
    "payments.take": N_("Take money at the desk"),
    "refunds.request": N_("Ask for a refund"),
    "refunds.approve": N_("Approve refunds"),
    "suspense.work": N_("Work unassigned money"),
    "disputes.work": N_("Answer disputes and decide about lost ones"),
    "splits.read": N_("See how proceeds are shared"),
    "splits.write": N_("Draft split rules, keep receivers, work shares that failed"),
    "splits.approve": N_("Put split rules into force"),
    "worklist.read": N_("See the work that waits in finance"),
    "worklist.write": N_("Give waiting work to somebody"),
    "reconciliation.read": N_("See statements, breaks and settlements"),
    "reconciliation.work": N_("Match statements and work breaks"),
    "reports.read": N_("See reports"),
    "ledger.read": N_("See the ledger and take it out"),
    "periods.close": N_("Close months of the books and open them again"),
    "apps.open": N_("Open the apps that the role sees"),
    "apps.read": N_("See the catalogue of apps and what is installed"),
    "apps.install": N_("Install apps and choose what they get"),
    "operations.read": N_("See failed background work"),
    "operations.write": N_("Run failed background work again"),
    "settings.write": N_("Change the institution's settings"),
    "audit.read": N_("Read the audit trail"),
}

BANK_PERMISSIONS: dict[str, str] = {
    "bank.read": N_("See the bank's console"),
    "applications.write": N_("Open and complete applications"),
    "applications.decide": N_("Approve or return applications"),
    "tenants.read": N_("See institutions"),
    "tenants.write": N_("Ask to suspend, change or close institutions"),
    "tenants.decide": N_("Decide what is asked for about institutions"),
    "support.open": N_("Look into institutions for support, with their knowledge"),
    "oversight.read": N_("See the board: volumes, branches, what to do next"),
    "risk.read": N_("See what is out of the ordinary"),
    "risk.work": N_("Work alerts and release refunds that wait"),
    "complaints.read": N_("See complaints"),
    "complaints.work": N_("Work and decide complaints"),
    "apps.read": N_("See vendors and their apps"),
    "apps.review": N_("Admit vendors, list and suspend apps"),
    "staff.write": N_("Manage bank staff and branches"),
    "audit.read": N_("Read the audit trail"),
    "policy.write": N_("Set what the bank asks for, its brand and its periods"),
}


@dataclass(frozen=True)
class RoleSpec:
    """A role as provisioned: its key, English name (translated when shown), permissions and limits of money.

    ``begins`` is where its work is, below the institution's console; blank is the overview. ``is_for_outsiders`` where
    those who have it work for somebody else: they come in by whatever strong login their own bank gives them.
    """

    key: str
    name: str
    permissions: frozenset[str]
    refund_limit_minor: int = 0
    adjustment_limit_minor: int = 0
    begins: str = ""
    is_for_outsiders: bool = False


def _all_but(*left_out: str) -> frozenset[str]:
    return frozenset(TENANT_PERMISSIONS) - frozenset(left_out)


_READ = frozenset(p for p in TENANT_PERMISSIONS if p.endswith(".read")) - {"audit.read", "operations.read"}

EVERYBODY = frozenset({"apps.open"})
"""What each role begins with: which apps it sees is said with the app."""
TENANT_ROLES: tuple[RoleSpec, ...] = (
    RoleSpec("administrator", N_("Administrator"), _all_but("payments.take"), 0),
    RoleSpec(
        "finance",
        N_("Finance officer"),
        _all_but("people.write", "settings.write", "apps.install"),
        50_000,
        20_000,
        begins="/worklist",
    ),
    RoleSpec(
        "cashier",
        N_("Cashier"),
        frozenset(
            {
                "dashboard.read",
                "accounts.read",
                "bills.read",
                "payments.read",
                "payments.take",
                "refunds.request",
            },
        ),
        begins="/desk",
    ),
    RoleSpec(
        "front_desk",
        N_("Front desk"),
        frozenset(
            {
                "dashboard.read",
                "accounts.read",
                "accounts.write",
                "bills.read",
                "bills.remind",
                "answers.work",
                "complaints.read",
                "complaints.work",
            }
        ),
        begins="/accounts",
    ),
    RoleSpec("reader", N_("Read only"), _READ),
)


@dataclass(frozen=True, slots=True)
class Rights:
    """What an industry cloud adds: permissions with their words, roles of its own, and more for built-in roles.

    ``begins`` says where the work of a built-in role is in this industry, if elsewhere than usual.

    Administrators get all of its permissions, and whoever reads everything gets those that end in ``.read``.
    """

    permissions: Mapping[str, str] = field(default_factory=dict)
    roles: Sequence[RoleSpec] = ()
    grants: Mapping[str, frozenset[str]] = field(default_factory=dict)
    begins: Mapping[str, str] = field(default_factory=dict)


_scenario_rights: dict[str, Rights] = {}


def add_rights(scenario: str, rights: Rights) -> None:
    """Make a scenario's rights known; safe to call again."""
    _scenario_rights[scenario] = rights
    TENANT_PERMISSIONS.update(rights.permissions)


def permissions_of(scenarios: Iterable[str]) -> dict[str, str]:
    """Return every permission that an institution with these scenarios can give, with its words."""
    own = {key for scenario in scenarios for key in _rights(scenario).permissions}
    others = {key for rights in _scenario_rights.values() for key in rights.permissions} - own
    return {key: words for key, words in TENANT_PERMISSIONS.items() if key not in others}


def roles_of(scenarios: Iterable[str]) -> list[RoleSpec]:
    """Return the roles that an institution with these scenarios starts with."""
    added = [_rights(scenario) for scenario in scenarios]
    built_in = [_widened(role, added) for role in TENANT_ROLES]
    found = [*built_in, *(role for rights in added for role in rights.roles)]
    return [replace(role, permissions=role.permissions | EVERYBODY) for role in found]


def every_tenant_role() -> list[RoleSpec]:
    """Return the roles of all institutions, whatever their scenarios."""
    return [*TENANT_ROLES, *(role for rights in _scenario_rights.values() for role in rights.roles)]


def is_for_outsiders(key: str, permissions: Iterable[str]) -> bool:
    """Tell whether a role is still what it was made as: for outsiders, with nothing that only insiders may do."""
    known = (role for role in every_tenant_role() if role.key == key and role.is_for_outsiders)
    return any(set(permissions) <= role.permissions | EVERYBODY for role in known)


def _rights(scenario: str) -> Rights:
    return _scenario_rights.get(scenario, Rights())


def _widened(role: RoleSpec, added: Sequence[Rights]) -> RoleSpec:
    more: set[str] = set()
    for rights in added:
        more |= rights.grants.get(role.key, frozenset())
        if role.key == "administrator":
            more |= set(rights.permissions)
        elif role.key in {"finance", "reader"}:
            more |= {key for key in rights.permissions if key.endswith(".read")}
    begins = next((one.begins[role.key] for one in added if role.key in one.begins), role.begins)
    return replace(role, permissions=role.permissions | more, begins=begins)


BANK_ROLES: dict[str, RoleSpec] = {
    role.key: role
    for role in (
        RoleSpec(
            "administrator",
            N_("Bank administrator"),
            frozenset(BANK_PERMISSIONS)
            - {"applications.decide", "tenants.decide", "support.open", "risk.work"},
        ),
        RoleSpec(
            "relationship_manager",
            N_("Relationship manager"),
            frozenset(
                {
                    *("bank.read", "applications.write", "tenants.read", "oversight.read"),
                    *("complaints.read", "complaints.work"),
                }
            ),
        ),
        RoleSpec(
            "reviewer",
            N_("Reviewer"),
            frozenset(
                {
                    *("bank.read", "applications.decide", "tenants.read", "tenants.decide", "oversight.read"),
                    *("risk.read", "risk.work", "complaints.read"),
                    *("apps.read", "apps.review", "audit.read"),
                }
            ),
        ),
        RoleSpec(
            "operations",
            N_("Operations officer"),
            frozenset(
                {
                    *("bank.read", "tenants.read", "tenants.write", "support.open", "oversight.read"),
                    *("risk.read", "risk.work", "complaints.read", "complaints.work"),
                    *("apps.read", "apps.review", "audit.read"),
                }
            ),
        ),
        RoleSpec(
            "auditor",
            N_("Auditor"),
            frozenset(
                {"bank.read", "tenants.read", "oversight.read", "risk.read", "complaints.read", "audit.read"}
            ),
        ),
        RoleSpec("union_supervisor", N_("Union supervisor"), frozenset({"bank.read", "oversight.read"})),
    )
}


def bank_permissions(roles: list[str]) -> frozenset[str]:
    """Return what the named bank roles allow together."""
    return frozenset().union(*(BANK_ROLES[role].permissions for role in roles if role in BANK_ROLES))


SUPPORT_ROLE = N_("Bank's support")
_SETS_UP = frozenset({"accounts.write", "imports.write", "fees.write", "settings.write", "operations.write"})
"""What setting up through support allows: no money moves by it, and no rights change."""


def support_permissions(level: str) -> frozenset[str]:
    """Return what a support access allows: to look, or (``write``) to set up too."""
    reads = frozenset(name for name in TENANT_PERMISSIONS if name.endswith(".read"))
    return reads | _SETS_UP if level == "write" else reads
