"""What a new institution does on its way to the first money: its industry's own steps, or accounts and their bills."""

from collections.abc import Iterator
from typing import Any

from billing.reports.figures import Readiness
from tenants import kinds
from tenants.actor import Actor
from tenants.kinds import FirstStep
from tenants.scope import row
from ui.i18n import Text, t

Step = tuple[bool, str, Text, str, Text]
"""Whether it is done, what it takes, its title, its path below the console's root, and what it means."""


async def first_steps(ready: Readiness, actor: Actor) -> list[dict[str, Any]]:
    """Return the steps that this person may do, in their order; none for an institution that leaves."""
    if ready.is_leaving:
        return []
    root = f"/t/{actor.place['slug']}"
    return [
        {"is_done": is_done, "title": title, "text": text, "href": root + path}
        for is_done, permission, title, path, text in [step async for step in _steps(ready, actor)]
        if actor.may(permission)
    ]


async def _steps(ready: Readiness, actor: Actor) -> Any:
    scenarios = [kinds.SCENARIOS[key] for key in actor.place["scenarios"] if key in kinds.SCENARIOS]
    is_billing = any(not one.first_steps for one in scenarios)
    if is_billing:
        yield ready.has_accounts, "imports.write", t("Bring in your accounts"), "/imports", _ACCOUNTS
    for step in await _own([step for one in scenarios for step in one.first_steps], actor):
        yield step
    yield ready.has_rule, "fees.read", t("Put your fees into force"), "/fees", _fees_text(actor)
    if is_billing:
        yield ready.has_draft, "runs.write", t("Draft the first bills"), "/runs", _DRAFT
        yield ready.has_issued, "runs.issue", t("Issue them"), "/runs", _ISSUE
    for step in _last(ready):
        yield step


async def _own(steps: list[FirstStep], actor: Actor) -> list[Step]:
    if not steps:
        return []
    done = await row(
        "select " + ", ".join(f"({one.done}) as s{at}" for at, one in enumerate(steps)), actor.tenant_id
    )
    assert done is not None  # noqa: S101 - a select of scalars always has a row
    return [
        (done[f"s{at}"], one.permission, t(one.title), one.path, t(one.text)) for at, one in enumerate(steps)
    ]


def _last(ready: Readiness) -> Iterator[Step]:
    yield ready.has_payment, "payments.read", t("See the first payment arrive"), "/payments", _FIRST
    yield ready.has_colleagues, "people.write", t("Invite your colleagues"), "/staff", _PEOPLE


def _fees_text(actor: Actor) -> Text:
    return _FEES if actor.may("fees.activate") else _FEES_OF_OTHERS


_ACCOUNTS = t("Upload a spreadsheet. You see every problem before anything is saved.")
_FEES = t("Read the drafted fees and correct their rates. Those that are right go into force together.")
_FEES_OF_OTHERS = t(
    "Somebody who may put fees into force does this: ask your administrator or finance officer."
)
_DRAFT = t("One click drafts a bill for every account. Nobody sees a draft.")
_ISSUE = t("Check the total and the exceptions, then issue. Everybody can pay at once.")
_FIRST = t("Online payments arrive by themselves; cash is recorded at the desk.")
_PEOPLE = t("Give finance, the cashier and the front desk a sign-in of their own.")
