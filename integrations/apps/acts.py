"""Acts about apps in the audit trail, in words."""

from typing import Any

from integrations.apps.doors import ROLES
from integrations.apps.placing.records import visitor_roles
from integrations.apps.scopes import SCOPES, claims_of
from integrations.apps.vendors.states import INSTALLATION_WORDS, VENDOR_WORDS, VERSION_WORDS
from tenants import kinds
from tenants.acts import role_text
from tenants.audit_words import Fact, plain, tell
from tenants.permissions import every_tenant_role
from tenants.privacy.everything import about_nobody
from tenants.privacy.words import tell_tables
from ui.i18n import N_

ACTS = {
    "vendor.registered": N_("Vendor registered"),
    "vendor.admitted": N_("Vendor admitted"),
    "vendor.refused": N_("Vendor refused"),
    "vendor.suspended": N_("Vendor suspended"),
    "vendor.resumed": N_("Vendor resumed"),
    "vendor.sandbox_opened": N_("Sandbox of a vendor opened"),
    "vendor_member.invited": N_("Vendor's colleague invited"),
    "vendor_member.joined": N_("Vendor's colleague joined"),
    "vendor_member.ended": N_("Vendor's colleague taken off"),
    "app.created": N_("App made"),
    "app.secret_made": N_("New client secret made"),
    "app.webhook_secret_made": N_("New webhook secret made"),
    "app_version.submitted": N_("App version submitted"),
    "app_version.withdrawn": N_("App version taken back"),
    "app_version.listed": N_("App version listed"),
    "app_version.returned": N_("App version returned"),
    "app_version.suspended": N_("App version suspended"),
    "app_version.resumed": N_("App version resumed"),
    "app.installed": N_("App installed"),
    "app.consented": N_("What an app gets was agreed anew"),
    "app.roles_changed": N_("Who may open an app was changed"),
    "app.paused": N_("App paused"),
    "app.resumed": N_("App resumed"),
    "app.uninstalled": N_("App uninstalled"),
    "app.deletion_unconfirmed": N_("An uninstalled app did not confirm that it deleted what it had"),
    "app.entry_role_chosen": N_("Role for newcomers of an app chosen"),
    "app.scim_token_made": N_("Token for the staff directory made"),
    "app.scim_token_ended": N_("Token for the staff directory ended"),
    "directory.added": N_("Somebody was noted by a program"),
    "directory.removed": N_("Somebody was taken out by a program"),
    "app.thing_placed": N_("Something of an app was placed"),
    "app.thing_removed": N_("Something of an app was taken away"),
    "app.webhooks_stopped": N_("Webhooks to an app stopped by themselves"),
    "app.webhooks_resumed": N_("Webhooks to an app resumed"),
}
_SCOPES = {key: scope.label for key, scope in SCOPES.items()}
_CLAIMS = {key: claim.label for key, claim in claims_of(SCOPES).items()}


def _roles(value: Any, _currency: str) -> str:
    """Roles of the institution, and of those who are no staff but may be let in."""
    known = {role.key: role.name for role in every_tenant_role()}
    return plain(value, known | visitor_roles(kinds.SCENARIOS))


FACTS = {
    "vendor.status": Fact(N_("State"), {**VERSION_WORDS, **VENDOR_WORDS}),
    "vendor.website": Fact(N_("Website")),
    "vendor.reasons": Fact(N_("Reasons")),
    "vendor.app": Fact(N_("App")),
    "vendor.version": Fact(N_("Version")),
    "vendor.name": Fact(N_("Name")),
    "vendor.role": Fact(N_("Role"), {key: words for key, (words, *_) in ROLES.items()}),
    "installation.status": Fact(N_("State"), INSTALLATION_WORDS),
    "installation.version": Fact(N_("Version")),
    "installation.scopes": Fact(N_("What it gets"), _SCOPES),
    "installation.claims": Fact(N_("Facts in it"), _CLAIMS),
    "installation.roles": Fact(N_("Roles that see it"), show=_roles),
    "installation.entry_role": Fact(N_("Role that newcomers are invited to"), show=role_text),
    "installation.failures": Fact(N_("Failures")),
}

_OF_GRANTS = (
    "client_id",
    "subject",
    "sid",
    "scope",
    "claims",
    "context",
    "key_thumbprint",
    "end_reason",
    "told_at",
)

tell(ACTS, FACTS)
about_nobody("integrations_app_document")
tell_tables(
    {
        "integrations_grant": N_("Apps you opened"),
        "integrations_vendor": N_("Vendors you work for"),
        "integrations_vendor_member": N_("Your roles at vendors"),
    },
    {
        **{f"integrations_grant.{name}": Fact("") for name in _OF_GRANTS},
        "integrations_vendor.about": Fact(N_("What it does")),
        "integrations_vendor.contact_email": Fact(N_("E-mail")),
        "integrations_vendor.contact_phone": Fact(N_("Phone")),
        "integrations_vendor.sandbox_tenant_ids": Fact(""),
        "integrations_vendor.slug": Fact(""),
        "integrations_vendor.uscc": Fact(N_("Credit code")),
        "integrations_vendor_member.name": Fact(N_("Full name")),
    },
)
