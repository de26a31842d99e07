"""Every act that any code writes into the audit trail, read from the code itself."""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[1]
PACKAGES = ("tenants", "billing", "integrations", "scenarios", "deploy")
Function = ast.FunctionDef | ast.AsyncFunctionDef
_ACT = 1
"""Where ``record`` takes its act, counted from zero."""


@dataclass(frozen=True)
class Written:
    """A regular expression for what some line writes as its act."""

    pattern: str
    where: str


@cache
def written() -> tuple[Written, ...]:
    """Return each act with the place that writes it; a computed part of an act matches anything."""
    return tuple(found for package in PACKAGES for path in _sources(package) for found in _in_module(path))


def _sources(package: str) -> list[Path]:
    return [path for path in sorted((ROOT / package).rglob("*.py")) if "sandbox" not in path.parts]


def _in_module(path: Path) -> Iterator[Written]:
    tree = ast.parse(path.read_text())
    inside = {call: f for f in ast.walk(tree) if isinstance(f, Function) for call in ast.walk(f)}
    for call in ast.walk(tree):
        if isinstance(call, ast.Call) and ast.unparse(call.func) in {"audit.record", "tenants.audit.record"}:
            for pattern in _values(tree, inside, call, _ACT, "act"):
                yield Written(pattern, f"{path.relative_to(ROOT)}:{call.lineno}")


def _values(tree: ast.Module, inside: dict, call: ast.Call, place: int, name: str) -> Iterator[str]:
    """Yield what a call gives for one parameter, following names into assignments and to callers."""
    named = [keyword.value for keyword in call.keywords if keyword.arg == name]
    yield from _of(tree, inside, named[0] if named else call.args[place], inside[call])


def _of(tree: ast.Module, inside: dict, value: ast.expr, function: Function) -> Iterator[str]:
    if isinstance(value, ast.Constant):
        yield re.escape(str(value.value))
    elif isinstance(value, ast.IfExp):
        yield from _of(tree, inside, value.body, function)
        yield from _of(tree, inside, value.orelse, function)
    elif isinstance(value, ast.JoinedStr):
        parts = [re.escape(str(p.value)) if isinstance(p, ast.Constant) else "[a-z_]+" for p in value.values]
        yield "".join(parts)
    elif isinstance(value, ast.Name):
        yield from _of_name(tree, inside, value.id, function)
    else:
        raise TypeError(f"cannot tell which act {ast.unparse(value)} is")


def _of_name(tree: ast.Module, inside: dict, name: str, function: Function) -> Iterator[str]:
    parameters = [one.arg for one in (*function.args.args, *function.args.kwonlyargs)]
    if name in parameters:
        for call in ast.walk(tree):
            if isinstance(call, ast.Call) and ast.unparse(call.func) == function.name:
                yield from _values(tree, inside, call, parameters.index(name), name)
        return
    for found in ast.walk(function):
        if isinstance(found, ast.Assign) and name in {ast.unparse(target) for target in found.targets}:
            yield from _of(tree, inside, found.value, function)
