"""One bill: what it says, how each line came about, what became of it, and voiding it."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from uuid import UUID

from billing.charges import issue_sql
from billing.charges.naming import names_of_lines
from billing.charges.states import require_bill_move
from billing.models import Bill, BillLine, FeeRule, PaymentPart
from billing.names import localized
from billing.payments.watching import tell_voided
from billing.rules import Charge, Facts, LateFee, Outcome, evaluate, parse
from billing.rules.words import fee_names
from tenants import audit
from tenants.actor import Actor
from tenants.jobs import publish
from tenants.scope import execute
from ui.errors import Conflict, Invalid, NotFound
from ui.i18n import Text, t

REASON_MAX = 500


@dataclass(frozen=True, slots=True)
class ExplainedLine:
    """A line with its working in words. ``is_proven`` says that computing it again gives the same amount."""

    line: BillLine
    version: int | None
    steps: Sequence[Text]
    is_proven: bool

    @property
    def name(self) -> str:
        """The fee's name when it was billed, in the reader's language."""
        return localized(self.line.names)

    @property
    def how(self) -> str:
        """The working in one line, for print."""
        return " → ".join(str(step) for step in self.steps)


async def get(actor: Actor, bill_id: UUID, *, lock: bool = False) -> Bill:
    """Return a bill of this tenant that has been issued, or is a draft of a run the actor may see.

    Raises:
        NotFound: there is none.
    """
    actor.require("bills.read")
    query = Bill.filter(tenant_id=actor.tenant_id, id=bill_id)
    bill = await (query.select_for_update() if lock else query).first()
    if bill is None or (bill.status == "draft" and not actor.may("runs.read")):
        raise NotFound("bill.not_found", t("There is no such bill."))
    return bill


async def lines_of(tenant_id: UUID, bill_ids: Sequence[UUID]) -> dict[UUID, list[ExplainedLine]]:
    """Return the lines of bills by bill, each worked out again from the inputs it keeps.

    Usable in any scope that sees the bills: staff, payer or pay-link.
    """
    found = await BillLine.filter(tenant_id=tenant_id, bill_id__in=list(bill_ids)).order_by("position", "id")
    wanted = {line.fee_rule_id for line in found if line.fee_rule_id}
    rules = {rule.id: rule for rule in await FeeRule.filter(tenant_id=tenant_id, id__in=list(wanted))}
    documents = [_document(rule) for rule in rules.values()]
    names = await names_of_lines(tenant_id, documents)
    explained: dict[UUID, list[ExplainedLine]] = {bill_id: [] for bill_id in bill_ids}
    for line in found:
        rule = rules.get(line.fee_rule_id) if line.fee_rule_id else None
        with fee_names(names):
            explained[line.bill_id].append(explain(line, rule))
    return explained


def explain(line: BillLine, rule: FeeRule | None) -> ExplainedLine:
    """Work a line out again by the version of the rule it was made with."""
    if rule is None:
        return ExplainedLine(line, None, (), is_proven=False)
    outcome = evaluate(_document(rule), Facts.from_inputs(line.inputs))
    if not isinstance(outcome, Outcome):
        return ExplainedLine(line, rule.version, (outcome.message,), is_proven=False)
    steps = [step.text for step in outcome.steps]
    return ExplainedLine(line, rule.version, steps, outcome.amount_minor == line.amount_minor)


def _document(rule: FeeRule) -> Charge | LateFee:
    """Return a version's document, read once however many lines were made by it; a version never changes."""
    return _read(rule.id, json.dumps(rule.document))


@lru_cache(maxsize=256)
def _read(rule_id: UUID, document: str) -> Charge | LateFee:
    del rule_id
    return parse(json.loads(document))


async def void(actor: Actor, bill_id: UUID, *, reason: str) -> Bill:
    """Take back a bill that nobody has paid anything of; its lines' month becomes free to be billed again.

    Raises:
        Invalid: no reason was given.
        Conflict: it is paid in whole or part, void already, or being paid at this moment.
        StepUp: the sign-in is not fresh and strong.
    """
    actor.require("bills.write")
    bill = await get(actor, bill_id, lock=True)
    require_bill_move(bill.status, "void")
    if not reason.strip() or len(reason) > REASON_MAX:
        text = t("Say why in at most {n} characters; the person billed may ask.", n=REASON_MAX)
        raise Invalid("bill.no_reason", text, fields={"reason": text})
    actor.require_fresh()
    if await PaymentPart.filter(tenant_id=bill.tenant_id, bill_id=bill.id, is_live=True).exists():
        raise Conflict(
            "bill.being_paid",
            t("Somebody is paying this bill right now. Wait until the payment has ended, then look again."),
        )
    await take_back(actor, bill, reason.strip())
    if bill.held_until is not None:
        await tell_voided(actor, bill.id)
    return bill


async def take_back(actor: Actor, bill: Bill, reason: str) -> None:
    """Void a bill that is locked, of which nothing is paid and that nobody is paying; its lines become free."""
    bill.status, bill.closed_reason = "void", reason
    await bill.save(update_fields=["status", "closed_reason"])
    await BillLine.filter(tenant_id=bill.tenant_id, bill_id=bill.id).update(is_live=False)
    await execute(issue_sql.VOID_ENTRY, bill.tenant_id, bill.id, datetime.now(UTC))
    await _record(actor, bill)
    await publish("bill.voided", {"bill_id": str(bill.id)})


async def _record(actor: Actor, bill: Bill) -> None:
    await audit.record(
        actor,
        "bill.voided",
        subject_kind="bill",
        subject_id=bill.id,
        subject_label=bill.number,
        before={"status": "issued"},
        after={
            "status": "void",
            "reason": bill.closed_reason,
            "total_minor": bill.total_minor,
            "currency": bill.currency,
        },
    )
