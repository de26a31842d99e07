"""``cloud bench NAME``: one figure, its floor measured in the same run, and their ratio, as one JSON object.

Every measure makes a database of its own in a temporary folder, so that it neither sees nor touches anybody's data.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from deploy.bench import (
    api,
    bill_run,
    booking,
    imports,
    onboard,
    pages,
    pay,
    receipts,
    reconcile,
    tenants,
    tickets,
    token,
)
from deploy.errors import OperatorError
from deploy.settings import Settings

Measure = Callable[[Mapping[str, Any]], Awaitable[dict[str, Any]]]
MEASURES: dict[str, tuple[Measure, Mapping[str, Any]]] = {
    "api": (api.measure, api.DEFAULTS),
    "bill_run": (bill_run.measure, bill_run.DEFAULTS),
    "pages": (pages.measure, pages.DEFAULTS),
    "booking": (booking.measure, booking.DEFAULTS),
    "import": (imports.measure, imports.DEFAULTS),
    "pay": (pay.measure, pay.DEFAULTS),
    "reconcile": (reconcile.measure, reconcile.DEFAULTS),
    "tenants": (tenants.measure, tenants.DEFAULTS),
    "onboard": (onboard.measure, onboard.DEFAULTS),
    "receipts": (receipts.measure, receipts.DEFAULTS),
    "tickets": (tickets.measure, tickets.DEFAULTS),
    "token": (token.measure, token.DEFAULTS),
}


async def run(name: str, settings: Settings, options: Mapping[str, str]) -> dict[str, Any]:
    """Measure ``name`` and return what to print.

    ``options`` are whole numbers by name, such as ``rows=1000``, or texts where the measure has one, such as a path.

    Raises:
        OperatorError: there is no such measure, or it has no such option.
    """
    del settings  # nobody's data is measured
    if name not in MEASURES:
        raise OperatorError(f"There is no measure “{name}”: choose {' or '.join(MEASURES)}.")
    measure, defaults = MEASURES[name]
    return {"name": name, **await measure({**defaults, **_chosen(name, options, defaults)})}


def _chosen(name: str, options: Mapping[str, str], defaults: Mapping[str, Any]) -> dict[str, Any]:
    return {key: _value(name, key, text, defaults) for key, text in options.items()}


def _value(name: str, key: str, text: str, defaults: Mapping[str, Any]) -> int | str:
    if isinstance(defaults.get(key), str):
        return text
    if key not in defaults or not text.isascii() or not text.isdigit() or not int(text):
        known = ", ".join(f"{known}={value}" for known, value in defaults.items())
        raise OperatorError(f"“{key}={text}” is no option of {name}; they are whole numbers: {known}.")
    return int(text)
