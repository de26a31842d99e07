"""Writing the messages of a claimed batch and having them leave, in a handful of statements for hundreds."""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from billing import pay_links
from billing.names import Day, Month, Sum
from billing.reminders.links import stop_url
from tenants.ids import new_id
from tenants.models import Tenant
from tenants.notices import TO_MANY
from tenants.scope import execute
from ui.i18n import N_, Text, t, use_locale

TEMPLATE = "bill_reminder"
LETTER = N_(
    "Dear {holder},\n\nthe bill {number} for {account} and {month} was due on {due}. {amount} is still to be paid.\n\n"
    "You can pay it here:\n{url}\n\nIf you have paid already, please ignore this message.\n\n{institution}"
)
AHEAD = N_(
    "Dear {holder},\n\nthe bill {number} for {account} and {month} is due on {due}. {amount} is to be paid.\n\n"
    "You can pay it here:\n{url}\n\nIf you have paid already, please ignore this message.\n\n{institution}"
)
FINAL = N_(
    "Dear {holder},\n\nthis is the last notice: the bill {number} for {account} and {month} was due on {due}, and"
    " {amount} is still to be paid.\n\nPlease pay it here at once, or talk to us:\n{url}\n\n{institution}"
)
STOP = N_("\n\nNo more reminders: {url}")
SHORT = N_("{institution}: {amount} for {account}, {month}, due on {due}. Pay here: {url}")

_NOTICES = """
insert into tenants_notice (tenant_id, id, channel, template, recipient, person_id, account_id, subject, body, status)
select $1, s.* from unnest($2::uuid[], $3::text[], $4::text[], $5::text[], $6::uuid[], $7::uuid[], $8::text[],
                           $9::text[], $10::text[]) s
"""
_OUTBOX = """
insert into tenants_outbox (tenant_id, id, job, payload, due_at)
select $1, s.id, $4, s.payload, $5 from unnest($2::uuid[], $3::jsonb[]) s (id, payload)
"""


async def send(
    tenant: Tenant, claimed: Sequence[Any], *, at: datetime, is_final: bool, is_late: bool
) -> None:
    """Write the notices of claimed bills in the open tenant scope; what goes outside leaves at ``at``."""
    with use_locale(tenant.locale):
        notices = [n for bill in claimed for n in _notices(tenant, bill, is_final=is_final, is_late=is_late)]
    if not notices:
        return
    await execute(_NOTICES, tenant.id, *(list(column) for column in zip(*notices, strict=True)))
    leaving = [notice[0] for notice in notices if notice[1] != "in_app"]
    payloads = [json.dumps({"notice_id": str(each)}) for each in leaving]
    await execute(_OUTBOX, tenant.id, [new_id() for _ in leaving], payloads, TO_MANY, at)


def _notices(tenant: Tenant, bill: Any, *, is_final: bool, is_late: bool) -> list[tuple[Any, ...]]:
    url = pay_links.make_url(tenant.id, bill["id"])
    words = {
        "holder": bill["holder"],
        "institution": tenant.short_name,
        "account": bill["account_number"],
        "number": bill["number"],
        "month": Month(bill["period"]),
        "amount": Sum(bill["left_minor"], bill["currency"]),
        "due": Day(bill["due_on"]),
        "url": url,
    }
    subject = t("{institution}: {amount} is still to be paid for {month}", **words)
    letter = str(Text(FINAL if is_final else LETTER if is_late else AHEAD, words))
    if not is_final:
        letter += str(t(STOP, url=stop_url(tenant.id, bill["holder_id"])))
    bodies = {"in_app": str(Text(SHORT, words)), "sms": str(Text(SHORT, words)), "email": letter}
    return [
        _row(bill, channel, str(subject), bodies[channel])
        for channel in bill["channels"].split(",")
        if channel
    ]


def _row(bill: Any, channel: str, subject: str, body: str) -> tuple[Any, ...]:
    is_shown = channel == "in_app"
    recipient = bill["holder"] if is_shown else bill["recipient"]
    status = "shown" if is_shown else "waiting"
    return (
        new_id(), channel, TEMPLATE, recipient, bill["person_id"], bill["account_id"], subject[:200], body, status,
    )  # fmt: skip
