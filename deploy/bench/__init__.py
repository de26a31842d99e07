"""``cloud bench NAME``: one figure, its floor measured in the same run, and their ratio, as one JSON object.

Every measure makes a database of its own in a temporary folder, so that it neither sees nor touches anybody's data.
"""

from collections.abc import Mapping
from importlib import import_module
from typing import Any

from deploy.errors import OperatorError
from deploy.settings import Settings

MEASURES = {
    "api": "api",
    "bill_run": "bill_run",
    "pages": "pages",
    "booking": "booking",
    "import": "imports",
    "pay": "pay",
    "reconcile": "reconcile",
    "tenants": "tenants",
    "onboard": "onboard",
    "receipts": "receipts",
    "tickets": "tickets",
    "token": "token",
}
"""The module of each measure, with its ``measure`` and ``DEFAULTS``. It alone is loaded: memory is measured too."""


async def run(name: str, settings: Settings, options: Mapping[str, str]) -> dict[str, Any]:
    """Measure ``name`` and return what to print.

    ``options`` are whole numbers by name, such as ``rows=1000``, or texts where the measure has one, such as a path.

    Raises:
        OperatorError: there is no such measure, or it has no such option.
    """
    del settings  # nobody's data is measured
    if name not in MEASURES:
        raise OperatorError(f"There is no measure “{name}”: choose {' or '.join(MEASURES)}.")
    module = import_module(f"{__name__}.{MEASURES[name]}")
    chosen = {**module.DEFAULTS, **_chosen(name, options, module.DEFAULTS)}
    return {"name": name, **await module.measure(chosen)}


def _chosen(name: str, options: Mapping[str, str], defaults: Mapping[str, Any]) -> dict[str, Any]:
    return {key: _value(name, key, text, defaults) for key, text in options.items()}


def _value(name: str, key: str, text: str, defaults: Mapping[str, Any]) -> int | str:
    if isinstance(defaults.get(key), str):
        return text
    if key not in defaults or not text.isascii() or not text.isdigit() or not int(text):
        known = ", ".join(f"{known}={value}" for known, value in defaults.items())
        raise OperatorError(f"“{key}={text}” is no option of {name}; they are whole numbers: {known}.")
    return int(text)
