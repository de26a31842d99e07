"""What web, worker and command line share: settings handed to packages, scenarios installed, jobs registered."""

import importlib
from collections.abc import Awaitable, Callable
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import Response

import billing.runtime
import tenants.runtime
from billing.runtime import ChannelSettings
from deploy import gauges, open_resources
from deploy.likeness import HttpLikeness
from deploy.settings import Settings
from integrations.bank_services.client import BankServices
from scenarios import registry
from scenarios.contract import Scenario
from scenarios.tourism.passes.likeness import Nobody, use_likeness
from tenants.actor import StepUp
from tenants.http import ask_to_sign_in
from tenants.onboarding import ports
from tenants.runtime import Runtime
from tenants.sealing import keys as seal_keys

JOB_MODULES = (
    "tenants.notices",
    "tenants.imports.jobs",
    "tenants.life.services",
    "tenants.life.acts",
    "tenants.life.reviews",
    "billing.institution.account_change",
    "billing.oversight.caring",
    "billing.takeout.pages",
    "tenants.onboarding.bulk.services",
    "billing.trial.service",
    "billing.oversight.rolling",
    "billing.oversight.following",
    "billing.risk.services",
    "billing.risk.stopping",
    "billing.complaints.escalating",
    "billing.retention",
    "billing.charges.jobs",
    "billing.payments.jobs",
    "billing.holds.jobs",
    "billing.wallets.topping_up",
    "billing.wallets.paying_out",
    "billing.plans.jobs",
    "billing.bulk.files",
    "billing.bulk.papers",
    "billing.ledger.journal_pages",
    "billing.sealing.pages",
    "billing.reconciliation.jobs",
    "billing.credit.jobs",
    "billing.disputes.jobs",
    "billing.splits.jobs",
    "billing.daily",
    "billing.answers.jobs",
    "billing.transfers.jobs",
    "billing.mandates.jobs",
    "billing.reminders.service",
    "integrations.provider.logout",
    "integrations.apps.webhooks.messages",
    "integrations.apps.webhooks.events",
    "integrations.apps.scim.push",
    "integrations.apps.catalogue.leaving",
)
ACT_MODULES = (
    "tenants.acts",
    "billing.acts",
    "billing.own_words",
    "billing.reconciliation.words",
    "integrations.acts",
    "integrations.apps.acts",
)
"""Where acts of the audit trail get their words."""
OFFER_MODULES = ("billing.offers.rules", "billing.offers.templates", "integrations.apps.offering.kind")
"""What banks can offer to the level beneath."""
Handler = Callable[[Request, Exception], Awaitable[Response]]


def compose(settings: Settings, scenarios: list[Scenario]) -> None:
    """Give every package its slice of the settings and teach the rooms below about the scenarios."""
    tenants.runtime.use(runtime_of(settings))
    billing.runtime.use(channels_of(settings))
    seal_keys.use(*settings.seal_keys())
    ports.use(_outside_of(settings))
    use_likeness(HttpLikeness(settings.likeness_url) if settings.likeness_url else Nobody())
    for scenario in scenarios:
        registry.install(scenario)
    for module in (*JOB_MODULES, *ACT_MODULES, *OFFER_MODULES):
        importlib.import_module(module)
    gauges.register()
    open_resources.offer()


def runtime_of(settings: Settings) -> Runtime:
    """Return the slice for ``tenants`` and those above it."""
    hosts = {
        urlsplit(url).netloc
        for url in (
            settings.sandbox_url,
            settings.sms_url,
            settings.bank_services_url,
            settings.likeness_url,
            *settings.app_urls.values(),
        )
        if url
    }
    return Runtime(
        secret_key=settings.secret_key.get_secret_value(),
        public_url=settings.public_url,
        data_dir=settings.data_dir,
        smtp_url=settings.smtp_url.get_secret_value(),
        mail_from=settings.mail_from,
        sms_url=settings.sms_url,
        sms_key=settings.sms_key.get_secret_value(),
        upload_max_bytes=settings.upload_max_bytes,
        upload_max_unpacked_bytes=settings.upload_max_unpacked_bytes,
        is_demo=settings.environment == "demo",
        redis_url=settings.redis_url.get_secret_value(),
        private_hosts=frozenset(hosts),
        field_keys=settings.field_keys(),
    )


def _outside_of(settings: Settings) -> ports.Outside | None:
    """Return whom the bank asks about applicants; nobody where no address is given."""
    if not settings.bank_services_url:
        return None
    services = BankServices(settings.bank_services_url, settings.rail_key.get_secret_value())
    return ports.Outside(registry=services, lists=services, accounts=services)


def channels_of(settings: Settings) -> ChannelSettings:
    """Return the slice for ``billing``."""
    return ChannelSettings(
        stripe_api_key=settings.stripe_api_key.get_secret_value(),
        stripe_api_base=settings.stripe_api_base,
        stripe_webhook_secret=settings.stripe_webhook_secret.get_secret_value(),
        rail_url=settings.rail_url,
        rail_merchants_url=f"{settings.sandbox_url}/control/merchants" if settings.sandbox_url else "",
    )


async def _step_up(request: Request, error: Exception) -> Response:
    assert isinstance(error, StepUp)  # noqa: S101 - Starlette dispatches by class
    return await ask_to_sign_in(request, step_up=error.level)


def exception_handlers() -> dict[type[Exception], Handler]:
    """Return the handlers for errors that lead to another page rather than to an error page."""
    return {StepUp: _step_up}
