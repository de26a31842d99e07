"""Every money form of the route table has its bad inputs: here, or in a test that is named.

The forms are not listed by hand: each route of this package whose handler reads what was typed is one. A new form is
missed here until somebody has typed nonsense into it.
"""

import ast
import inspect
import textwrap
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from starlette.routing import Route

from billing.routes import routes
from tests.billing.inputs.elsewhere import CHOICES, ELSEWHERE, SAME
from tests.billing.inputs.forms import forms, town
from tests.billing.inputs.rare import more, rare_forms

TESTS = Path(__file__).parents[2]
DEEPEST = 4


def handler(route: Route) -> Callable[..., Any]:
    return getattr(route.endpoint, "__wrapped__", route.endpoint)


def reads(function: Any, deep: int = 0) -> bool:
    """Whether a function, or one of the house that it calls, reads a form."""
    if deep > DEEPEST:
        return False
    is_reading, called = _looked_at(function)
    return is_reading or any(reads(other, deep + 1) for other in called)


@cache
def _looked_at(function: Any) -> tuple[bool, tuple[Any, ...]]:
    """Whether a function itself reads a form, and which others of the house it calls."""
    module = inspect.getmodule(function)
    if module is None:
        return False, ()
    tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    asked = [node for node in ast.walk(tree) if isinstance(node, ast.Attribute) and node.attr == "form"]
    return any(_is_request(node) for node in asked), tuple(_called(tree, module))


def _is_request(node: ast.Attribute) -> bool:
    return isinstance(node.value, ast.Name) and node.value.id == "request"


def _called(tree: ast.AST, module: Any) -> Iterator[Any]:
    for node in ast.walk(tree):
        found: Any = None
        if isinstance(node, ast.Name):
            found = getattr(module, node.id, None)
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            found = getattr(getattr(module, node.value.id, None), node.attr, None)
        if inspect.isfunction(found) and found.__module__.split(".")[0] in {"billing", "ui", "tenants"}:
            yield found


@cache
def typed() -> dict[str, Route]:
    """The routes that take a form, by their names."""
    posts = [route for route in routes() if isinstance(route, Route) and "POST" in (route.methods or ())]
    return {route.name: route for route in posts if reads(handler(route))}


async def test_no_form_is_forgotten(db, bank, outside):
    at: Any = await town(bank)
    paths = [form.path for form in (forms(at) | rare_forms(await more(at, bank))).values()]
    here = {name for name, route in typed().items() if any(route.path_regex.match(path) for path in paths)}
    listed = ELSEWHERE.keys() | SAME.keys() | CHOICES.keys()
    missing = typed().keys() - here - listed
    assert missing == set(), "type nonsense into these forms, here or in a test that elsewhere.py names"
    assert listed - typed().keys() == set(), "these are no forms any more"
    assert here & listed == set(), "these are looked at here"
    assert set(SAME.values()) <= here | ELSEWHERE.keys(), "the other one is looked at"


def test_a_form_that_nobody_has_listed_would_be_found():
    assert {"request_refund", "my_create_payment", "preview_statement", "desk_close_day"} <= typed().keys()
    assert not {"my_autopay_end", "run_issue", "approval"} & typed().keys(), "buttons are no forms"


@pytest.mark.parametrize("named", sorted(set(ELSEWHERE.values())))
def test_what_is_named_elsewhere_is_there(named):
    file, _, name = named.partition("::")
    assert f"def {name}(" in (TESTS / file).read_text(), named
