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
_RECORD = "audit.record"
_ACT = 1
"""Where ``record`` takes its act, counted from zero."""


@dataclass(frozen=True)
class Written:
    """A regular expression for what some line writes as its act."""

    pattern: str
    where: str


@dataclass
class Module:
    """One module's syntax: which function each of its calls is in, its calls by name, and what it imports."""

    name: str
    path: Path
    inside: dict[ast.AST, Function]
    called: dict[str, list[ast.Call]]
    imported: set[tuple[str, str | None]]


@cache
def texts() -> dict[Path, str]:
    paths = (path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py")))
    return {path: path.read_text() for path in paths if "sandbox" not in path.parts}


def modules(word: str) -> Iterator[Module]:
    """Yield those in which a word is written: to take all of them apart would take seconds."""
    return (_module(path) for path, text in texts().items() if word in text)


@cache
def _module(path: Path) -> Module:
    inside: dict[ast.AST, Function] = {}
    called: dict[str, list[ast.Call]] = defaultdict(list)
    imports: list[ast.ImportFrom] = []
    waiting: list[tuple[ast.AST, Function | None]] = [(ast.parse(texts()[path]), None)]
    while waiting:
        node, function = waiting.pop()
        function = node if isinstance(node, Function) else function
        if isinstance(node, ast.Call):
            called[_dotted(node.func)].append(node)
            if function:
                inside[node] = function
        elif isinstance(node, ast.ImportFrom):
            imports.append(node)
        waiting += ((child, function) for child in ast.iter_child_nodes(node))
    parts = path.relative_to(ROOT).with_suffix("").parts
    imported = {(one.name, node.module) for node in imports for one in node.names}
    return Module(".".join(parts).removesuffix(".__init__"), path, inside, called, imported)


def _dotted(value: ast.expr) -> str:
    """Return ``a.b`` as it is written; what is more than names has none."""
    if isinstance(value, ast.Attribute):
        return f"{_dotted(value.value)}.{value.attr}"
    return value.id if isinstance(value, ast.Name) else ""


@cache
def written() -> tuple[Written, ...]:
    """Return each act with the place that writes it; a computed part of an act matches anything."""
    return tuple(
        Written(pattern, f"{module.path.relative_to(ROOT)}:{call.lineno}")
        for module in modules(_RECORD)
        for call in module.called.get(_RECORD, ())
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
    for other in modules(name):
        if other is module or (name, module.name) in other.imported:
            yield from ((other, call) for call in other.called.get(name, ()))
