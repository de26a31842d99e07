"""What a new scenic site finds on its first day: one site, shut until somebody has planned it, with two half days."""

from scenarios.tourism.models import Site, SlotTemplate
from scenarios.tourism.scope import word_hash
from tenants.actor import Actor
from tenants.days import today
from tenants.kinds import FirstStep
from tenants.models import Tenant
from ui.i18n import LOCALES, N_, gettext, use_locale

EVERY_DAY = [1, 2, 3, 4, 5, 6, 7]
FIRST_CAP, FIRST_AT_ONCE = 1000, 500
HALVES = ((N_("Morning"), 8 * 60 + 30, 13 * 60), (N_("Afternoon"), 12 * 60, 17 * 60))
"""Half days that overlap by an hour, so that the change of the day is no crowd at the gate."""
FIRST_STEPS = (
    FirstStep(
        N_("Say what tickets there are"),
        N_("Each kind of ticket has its price by season and visitor, and says whom it lets in."),
        "/sites",
        "sites.write",
        "exists (select 1 from tourism_product where tenant_id = $1)",
    ),
    FirstStep(
        N_("Plan the first days and open the site"),
        N_("How many may come in a day and in each half of it. Visitors see the site once it is open."),
        "/sites",
        "sites.write",
        "exists (select 1 from tourism_slot where tenant_id = $1)"
        " and exists (select 1 from tourism_site where tenant_id = $1 and is_open)",
    ),
    FirstStep(
        N_("Set up a gate"),
        N_("A phone at the entrance is enough: it scans tickets, also without a network."),
        "/gates",
        "gates.write",
        "exists (select 1 from tourism_device where tenant_id = $1 and revoked_at is null)",
    ),
)
"""What a scenic site does on its way to the first money: it sells tickets, and drafts no bills."""


async def provision(actor: Actor, tenant: Tenant) -> None:
    """Give a new institution its first site."""
    del actor
    site = await Site.create(
        tenant_id=tenant.id,
        word=tenant.slug,
        word_hash=word_hash(tenant.slug),
        names=dict.fromkeys(LOCALES, tenant.short_name),
        about=dict.fromkeys(LOCALES, ""),
        day_cap=FIRST_CAP,
        instant_cap=FIRST_AT_ONCE,
        seasons=[],
        is_open=False,
    )
    for name, start, end in HALVES:
        await SlotTemplate.create(
            tenant_id=tenant.id,
            site_id=site.id,
            names=_names(name),
            weekdays=EVERY_DAY,
            start_minute=start,
            end_minute=end,
            grace_before=30,
            grace_after=0,
            capacity=FIRST_AT_ONCE,
            allotments={},
            since=today(tenant.timezone),
        )


def _names(word: str) -> dict[str, str]:
    made = {}
    for locale in LOCALES:
        with use_locale(locale):
            made[locale] = gettext(word)
    return made
