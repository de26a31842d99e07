"""Every act that any code writes into the audit trail, read from the code itself."""

import ast
import re
from collections import defaultdict
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


@dataclass
class Module:
    """One module's syntax: which function each of its nodes is in, its calls by name, and what it imports."""

    name: str
    path: Path
    inside: dict[ast.AST, Function]
    called: dict[str, list[ast.Call]]
    imported: set[tuple[str, str | None]]


@cache
def modules() -> tuple[Module, ...]:
    paths = (path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py")))
    return tuple(_module(path) for path in paths if "sandbox" not in path.parts)


def _module(path: Path) -> Module:
    nodes = list(ast.walk(ast.parse(path.read_text())))
    functions = (node for node in nodes if isinstance(node, Function))
    inside = {node: function for function in functions for node in ast.walk(function)}
    parts = path.relative_to(ROOT).with_suffix("").parts
    called: dict[str, list[ast.Call]] = defaultdict(list)
    for node in nodes:
        if isinstance(node, ast.Call):
            called[ast.unparse(node.func)].append(node)
    imports = [node for node in nodes if isinstance(node, ast.ImportFrom)]
    imported = {(one.name, node.module) for node in imports for one in node.names}
    return Module(".".join(parts).removesuffix(".__init__"), path, inside, called, imported)


@cache
def written() -> tuple[Written, ...]:
    """Return each act with the place that writes it; a computed part of an act matches anything."""
    return tuple(
        Written(pattern, f"{module.path.relative_to(ROOT)}:{call.lineno}")
        for module in modules()
        for call in module.called.get("audit.record", ())
        for pattern in _given(module, call, _ACT, "act")
    )


def _given(module: Module, call: ast.Call, place: int, name: str) -> Iterator[str]:
    """Yield what a call gives for one parameter, following names into assignments and to callers."""
    named = [keyword.value for keyword in call.keywords if keyword.arg == name]
    yield from _of(module, named[0] if named else call.args[place], module.inside[call])


def _of(module: Module, value: ast.expr, function: Function) -> Iterator[str]:
    if isinstance(value, ast.Constant):
        yield re.escape(str(value.value))
    elif isinstance(value, ast.IfExp):
        yield from _of(module, value.body, function)
        yield from _of(module, value.orelse, function)
    elif isinstance(value, ast.JoinedStr):
        parts = [re.escape(str(p.value)) if isinstance(p, ast.Constant) else "[a-z_]+" for p in value.values]
        yield "".join(parts)
    elif isinstance(value, ast.Name):
        yield from _of_name(module, value.id, function)
    else:
        raise TypeError(f"cannot tell which act {ast.unparse(value)} is")


def _of_name(module: Module, name: str, function: Function) -> Iterator[str]:
    parameters = [one.arg for one in (*function.args.args, *function.args.kwonlyargs)]
    if name in parameters:
        for caller, call in _callers(module, function.name):
            yield from _given(caller, call, parameters.index(name), name)
        return
    for found in ast.walk(function):
        if isinstance(found, ast.Assign) and name in {ast.unparse(target) for target in found.targets}:
            yield from _of(module, found.value, function)


def _callers(module: Module, name: str) -> Iterator[tuple[Module, ast.Call]]:
    for other in modules():
        if other is module or (name, module.name) in other.imported:
            yield from ((other, call) for call in other.called.get(name, ()))
