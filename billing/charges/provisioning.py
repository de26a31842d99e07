"""The fees a new tenant starts with, taken from its scenarios' catalogue."""

import json
from collections.abc import Callable
from datetime import UTC, date, datetime
from functools import cache
from typing import Any

from billing.catalogue import TEMPLATES, FeeTemplate
from billing.charges.periods import months_after
from billing.models import FeeItem, FeeRule
from billing.rules import dump, parse
from tenants.actor import Actor
from tenants.days import today
from tenants.models import Tenant
from tenants.provisioning import add_provisioner

BACK = 12
"""Months before provisioning from which the first rules are in force, so that opening arrears can be billed."""


def register() -> None:
    """Have every new tenant get its fees; safe to call again."""
    add_provisioner(provision_fees)


async def provision_fees(actor: Actor, tenant: Tenant) -> None:
    """Create the fee items of the tenant's scenarios, with their first rule in force where the template has one."""
    made = [
        (template, _item(tenant, scenario, template, position))
        for scenario in tenant.scenarios
        for position, template in enumerate(TEMPLATES.get(scenario, ()), start=1)
    ]
    await FeeItem.bulk_create([item for _, item in made])
    since = months_after(today(tenant.timezone).replace(day=1), -BACK)
    rules = [_rule(actor, template, item, since) for template, item in made]
    await FeeRule.bulk_create([rule for rule in rules if rule])


def _item(tenant: Tenant, scenario: str, template: FeeTemplate, position: int) -> FeeItem:
    return FeeItem(
        tenant_id=tenant.id,
        scenario=scenario,
        key=template.key,
        kind=template.kind,
        names=dict(template.names),
        account_kinds=list(template.account_kinds),
        currency=tenant.currency,
        position=position * 10,
        is_voluntary=template.is_voluntary,
    )


def _rule(actor: Actor, template: FeeTemplate, item: FeeItem, since: date) -> FeeRule | None:
    document = _written(template.document, item.currency)
    if document is None:
        return None
    return FeeRule(
        tenant_id=item.tenant_id,
        fee_item_id=item.id,
        version=1,
        document=json.loads(document),
        effective_from=since,
        created_by_name=actor.name[:100],
        **_standing(actor, template),
    )


@cache
def _written(document: Callable[[str], dict[str, Any] | None], currency: str) -> str | None:
    """Return a template's first rule as it is stored; it is the same for every tenant with this currency."""
    made = document(currency)
    return None if made is None else json.dumps(dump(parse(made)))


def _standing(actor: Actor, template: FeeTemplate) -> dict[str, Any]:
    """Return whether the first rule is in force or waits for somebody to put it into force."""
    if not template.is_in_force:
        return {"status": "draft", "activated_by_name": ""}
    return {
        "status": "active",
        "activated_by_name": actor.name[:100],
        "activated_at": datetime.now(UTC),
    }
