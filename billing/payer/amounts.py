"""How much is paid of each bill, as a payer types it: fields named after their bills (``amount-{id}``)."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from starlette.requests import Request

from billing.payer.queries import SeenBill
from billing.payments.choosing import too_much
from ui.fields import FieldError, parse_minor
from ui.formats import plain_amount
from ui.forms import Form
from ui.i18n import t

FIELD = "amount-"


def name_of(bill: SeenBill) -> str:
    """Return the name of a bill's field."""
    return f"{FIELD}{bill.id}"


def first_amounts(
    request: Request, bills: Sequence[SeenBill], most: Mapping[UUID, int]
) -> dict[str, list[str]]:
    """Return what the form begins with: what the address says, within the ``most`` that may be paid, or what is due."""
    found = {}
    for bill in bills:
        try:
            asked = parse_minor(request.query_params.get(name_of(bill), ""), bill.currency)
        except FieldError:
            asked = 0
        amount = asked if 0 < asked <= most[bill.id] and not bill.is_held else bill.asked_of(most[bill.id])
        found[name_of(bill)] = [plain_amount(amount, bill.currency)]
    return found


def typed(form: Form[Any], bill: SeenBill) -> int | None:
    """Return the amount typed for a bill; ``None`` where it cannot be read."""
    try:
        return parse_minor(str(form.value(name_of(bill))), bill.currency)
    except FieldError:
        return None


def check(form: Form[Any], bills: Iterable[SeenBill], first: Mapping[UUID, int]) -> None:
    """Say at each field what is wrong with it; one that was not sent begins with its ``first`` amount."""
    for bill in bills:
        name = name_of(bill)
        form.values.setdefault(name, [plain_amount(first[bill.id], bill.currency)])
        try:
            amount = parse_minor(str(form.value(name)), bill.currency)
        except FieldError as error:
            form.fail(name, error.text)
        else:
            if amount < 0:
                form.fail(name, t("The amount cannot be negative."))
            elif 0 < bill.left_minor < amount:
                form.fail(name, too_much(bill.number, bill.left_minor, bill.currency))


def address(path: str, wanted: Iterable[tuple[UUID, int, str]]) -> str:
    """Return the page that begins with these bills: the id of each, and its amount in minor units of a currency."""
    query: list[tuple[str, str]] = []
    for bill_id, amount, currency in wanted:
        query += [("bill", str(bill_id)), (f"{FIELD}{bill_id}", plain_amount(amount, currency))]
    return f"{path}?{urlencode(query)}"
