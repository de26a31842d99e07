"""From flat field names to the nested data that a model expects, and back from its errors to field names."""

import types
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from starlette.datastructures import UploadFile

MOST_ROWS = 500
_LISTS = (list, tuple, set, frozenset, Sequence)
Branch = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Node:
    """What a model says about one field name."""

    title: str = ""
    is_required: bool = False


@dataclass(slots=True)
class Shaped:
    """Data for the model, with the places where rows were left out."""

    data: Branch
    rows: dict[str, list[int]] = field(default_factory=dict)

    def name_of(self, location: tuple[int | str, ...]) -> str:
        """Return the field name of an error; tags that pydantic adds for unions are passed over."""
        name = ""
        for part in location:
            if isinstance(part, int):
                kept = self.rows.get(name, [])
                part = kept[part] if part < len(kept) else part  # noqa: PLW2901 - the row as it was sent
            elif not part.isidentifier():
                continue
            name = f"{name}-{part}" if name else str(part)
        return name


def unflatten(values: Mapping[str, list[Any]]) -> Branch:
    """Return a tree by hyphens; leaves are the lists of values."""
    tree: Branch = {}
    for name, items in values.items():
        *folders, leaf = name.split("-")
        branch: Any = tree
        for folder in folders:
            branch = branch.setdefault(folder, {})
            if not isinstance(branch, dict):
                break
        else:
            branch.setdefault(leaf, items)
    return tree


def shape(model: type[BaseModel], tree: Branch) -> Shaped:
    """Return the data for ``model``: blanks left out, boxes true or false, lists as lists."""
    shaped = Shaped({})
    shaped.data = _model(model, tree, "", shaped)
    return shaped


def _model(model: type[BaseModel], tree: Branch, prefix: str, shaped: Shaped) -> Branch:
    data: Branch = {}
    for name, info in model.model_fields.items():
        key = info.alias or name
        value = _field(info.annotation, tree.get(key), f"{prefix}{key}", shaped)
        if value is not None:
            data[key] = value
    return data


def _field(annotation: Any, found: Any, name: str, shaped: Shaped) -> Any:
    kind, inner = _kind(annotation)
    if kind == "bool":
        return _ticked(found)
    if kind == "model":
        sent = isinstance(found, dict)
        return _model(inner, found, f"{name}-", shaped) if sent and not _is_blank(found) else None
    if kind == "models":
        return _rows(inner, found, name, shaped) if isinstance(found, dict) else None
    if kind == "list":
        return [_clean(v) for v in found if not _is_blank(v)] if isinstance(found, list) else []
    if isinstance(found, dict):
        return _anything(found)
    return _clean(found[-1]) if isinstance(found, list) and not _is_blank(found[-1]) else None


def _rows(model: type[BaseModel], found: Branch, name: str, shaped: Shaped) -> list[Branch]:
    numbers = sorted(number for key in found if (number := row_number(key)) is not None)
    kept = [n for n in numbers if isinstance(found[str(n)], dict) and not _is_blank(found[str(n)])]
    shaped.rows[name] = kept
    return [_model(model, found[str(n)], f"{name}-{n}-", shaped) for n in kept]


def row_number(part: str) -> int | None:
    """Return the row that a part of a field name stands for, if it is one that we would have written."""
    is_short = len(part) <= len(str(MOST_ROWS)) and part.isascii() and part.isdecimal()
    return int(part) if is_short and int(part) < MOST_ROWS and str(int(part)) == part else None


def _anything(found: Any) -> Any:
    """Return data for a field whose parts no single model describes (a union, a mapping)."""
    if isinstance(found, list):
        kept = [_clean(item) for item in found if not _is_blank(item)]
        return kept if len(kept) > 1 else next(iter(kept), None)
    parts = {key: _anything(item) for key, item in found.items() if not _is_blank(item)}
    if parts and all(row_number(key) is not None for key in parts):
        return [parts[key] for key in sorted(parts, key=int)]
    return parts or None


def _ticked(found: Any) -> Any:
    if not isinstance(found, list) or _is_blank(found[-1]):
        return False
    return _clean(found[-1])


def _clean(value: Any) -> Any:
    """Return a text without the blanks around it, and without null characters, which no database keeps."""
    return value.replace("\x00", "").strip() if isinstance(value, str) else value


def _is_blank(value: Any) -> bool:
    if isinstance(value, str):
        return not value.strip()
    if isinstance(value, UploadFile):
        return not value.filename
    if isinstance(value, dict):
        return all(_is_blank(item) for item in value.values())
    return isinstance(value, list) and all(_is_blank(item) for item in value)


@lru_cache(maxsize=2048)
def _kind(annotation: Any) -> tuple[Literal["bool", "model", "models", "list", "plain"], Any]:
    inner = _bare(annotation)
    if inner is bool:
        return "bool", None
    if isinstance(inner, type) and issubclass(inner, BaseModel):
        return "model", inner
    if get_origin(inner) in _LISTS or inner in _LISTS:
        item = _bare(next(iter(get_args(inner)), str))
        is_model = isinstance(item, type) and issubclass(item, BaseModel)
        return ("models", item) if is_model else ("list", None)
    return "plain", None


def _bare(annotation: Any) -> Any:
    """Return the annotation without ``Annotated`` and ``None``."""
    if get_origin(annotation) is Annotated:
        return _bare(get_args(annotation)[0])
    if get_origin(annotation) in {Union, types.UnionType}:
        rest = [arg for arg in get_args(annotation) if arg is not type(None)]
        return _bare(rest[0]) if len(rest) == 1 else annotation
    return annotation


@lru_cache(maxsize=4096)
def describe(model: type[BaseModel], name: str) -> Node:
    """Return what the model says about a field name; names it does not know are optional and untitled."""
    current: Any = model
    info: FieldInfo | None = None
    for part in name.split("-"):
        if part.isdecimal():
            continue
        fields = getattr(current, "model_fields", {})
        info = fields.get(part) or next((f for f in fields.values() if f.alias == part), None)
        if info is None:
            return Node()
        current = _kind(info.annotation)[1]
    return Node(info.title or "", info.is_required()) if info else Node()
