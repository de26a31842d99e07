"""The move-out statement on paper."""

from collections.abc import Sequence

from billing.charges.printing import issuer_of
from billing.receipts.parts import Column
from scenarios.community.leaving.deposit_pages import kind_words
from scenarios.community.leaving.deposits import STATES
from scenarios.community.leaving.moving_out import MoveStatement
from scenarios.community.meters.pages import KIND_WORDS
from scenarios.community.papers import EstatePaper, Section, draw
from tenants.models import Tenant
from ui.formats import amount, date_text, money, month_text, number
from ui.i18n import Text, gettext, use_locale


async def document_of(found: MoveStatement, locale: str) -> EstatePaper:
    """Return what the paper shows, in the open tenant scope."""
    issuer = await issuer_of(await Tenant.get(id=found.account.tenant_id))
    with use_locale(locale):
        return EstatePaper(
            issuer,
            gettext("Move-out statement"),
            found.account.number,
            _facts(found),
            [section for section in _sections(found) if section[2]],
            gettext("Every amount can be worked out again; ask us for how."),
        )


def render(found: EstatePaper, locale: str) -> bytes:
    """Return it as a PDF."""
    with use_locale(locale):
        return draw(found)


def _facts(found: MoveStatement) -> Sequence[tuple[str, str | Text]]:
    return [
        (gettext("Last day"), date_text(found.last_on, "long")),
        (gettext("Still to pay"), money(found.owed_minor, found.currency)),
        (gettext("Credit"), money(found.credit_minor, found.currency)),
        (gettext("Deposits held"), money(found.held_minor, found.currency)),
        (gettext("Where they are reached afterwards"), found.address or "\N{EN DASH}"),
    ]


def _sections(found: MoveStatement) -> list[Section]:
    return [_charges(found), _credited(found), _readings(found), _deposits(found), _open(found)]


def _charges(found: MoveStatement) -> Section:
    columns = [
        Column(gettext("Fee"), 80),
        Column(gettext("Month"), 50),
        Column(gettext("Amount"), 44, "right"),
    ]
    cells = [
        (one["name"], month_text(one["period"]), amount(one["amount_minor"], found.currency))
        for one in found.lines
    ]
    return gettext("Charged up to the last day"), columns, cells


def _credited(found: MoveStatement) -> Section:
    columns = [
        Column(gettext("Bill"), 40),
        Column(gettext("Why"), 90),
        Column(gettext("Amount"), 44, "right"),
    ]
    cells = [
        (one["bill"], one["reason"], amount(-one["amount_minor"], found.currency)) for one in found.credited
    ]
    return gettext("Credited for later days"), columns, cells


def _readings(found: MoveStatement) -> Section:
    columns = [
        Column(gettext("Meter"), 80),
        Column(gettext("Read on"), 50),
        Column(gettext("It showed"), 44, "right"),
    ]
    cells = [
        (
            f"{KIND_WORDS[one['kind']]} {one['serial']}",
            date_text(one["read_on"]),
            number(one["value"].normalize()),
        )
        for one in found.readings
    ]
    return gettext("Last readings"), columns, cells


def _deposits(found: MoveStatement) -> Section:
    columns = [
        Column(gettext("Deposit"), 70),
        Column(gettext("State"), 40),
        Column(gettext("Kept of it"), 32, "right"),
        Column(gettext("Amount"), 32, "right"),
    ]
    words = kind_words()
    cells = [
        (
            f"{words[one['kind']]} {one['label']}".strip(),
            str(STATES[one["status"]]),
            amount(one["kept_minor"], found.currency),
            amount(one["amount_minor"], found.currency),
        )
        for one in found.deposits
    ]
    return gettext("Deposits"), columns, cells


def _open(found: MoveStatement) -> Section:
    columns = [
        Column(gettext("Bill"), 60),
        Column(gettext("Due"), 60),
        Column(gettext("Still owed"), 54, "right"),
    ]
    cells = [
        (one["number"], date_text(one["due_on"]), amount(one["left_minor"], found.currency))
        for one in found.open
    ]
    return gettext("Open bills"), columns, cells
