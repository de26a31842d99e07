"""What apps may do over the API beside reading: offered by the rooms above, each with its scope and its shapes."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from integrations.apps.api.entry import Caller

Answer = Callable[[Request, Caller], Awaitable[Response]]


@dataclass(frozen=True, slots=True)
class Operation:
    """One act below ``/api/v1/``: what it is, which scope it takes, what is sent and answered (JSON Schema).

    ``answer(request, caller)`` runs in the caller's tenant, in one transaction.
    """

    name: str
    summary: str
    scope: str
    sent: Mapping[str, Any]
    answered: Mapping[str, Any]
    answer: Answer


OPERATIONS: dict[str, Operation] = {}


def offer_operation(operation: Operation) -> None:
    """Make an act part of the API; before its routes are made, and safe to call again."""
    OPERATIONS[operation.name] = operation
