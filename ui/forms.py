"""Forms: what was typed becomes a pydantic model or plain sentences; nothing typed is ever lost.

Field names are the model's. Parts of nested models and rows of lists are joined by a hyphen
(``address-city``, ``lines-0-amount_minor``). Blank means "not given". A ticked box is true, an absent one
false. ``Field(title=N_("Amount"))`` names the field in labels and in the summary of errors.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from pydantic import BaseModel, ValidationError
from starlette.datastructures import UploadFile
from starlette.requests import Request

from ui.errors import AppError, Invalid
from ui.form_errors import sentence
from ui.form_shape import Node, describe, row_number, shape, unflatten
from ui.i18n import Text, gettext, t
from ui.settings import MEBIBYTE

M = TypeVar("M", bound=BaseModel)
WHOLE = ""
_MOST_FIELDS, _MOST_FILES = 2000, 20


@dataclass(slots=True)
class Drawn:
    """What a page calls its fields and where it draws them, so that the summary of errors names and finds each."""

    fields: dict[str, tuple[str, Text | str]] = field(default_factory=dict)

    def note(self, name: str, place: str, label: Text | str) -> Text | str:
        """Note the id and label that a field is drawn with, and return the label; the first one stays."""
        self.fields.setdefault(name, (place, label))
        return label


@dataclass(slots=True)
class Form(Generic[M]):
    """One form as it is shown and as it was sent.

    ``values`` holds lists of strings by field name; ``data`` the model when everything was right; ``errors``
    a text by field name, with ``""`` for the form as a whole. ``words`` says by field name what the page calls each
    value that can be chosen, for whoever shows the form again without its page; ``titles`` what it calls fields that
    the model does not know; ``drawn`` what it has drawn so far.
    """

    model: type[M]
    values: dict[str, list[Any]] = field(default_factory=dict)
    data: M | None = None
    errors: dict[str, Text] = field(default_factory=dict)
    is_sent: bool = False
    words: dict[str, Mapping[str, Text | str]] = field(default_factory=dict)
    titles: dict[str, Text] = field(default_factory=dict)
    drawn: Drawn = field(default_factory=Drawn)

    @classmethod
    def blank(cls, model: type[M], values: Mapping[str, Any] | BaseModel | None = None) -> "Form[M]":
        """Return a form to fill in, showing ``values`` (a model, or nested plain data)."""
        initial = values.model_dump(mode="json") if isinstance(values, BaseModel) else values or {}
        return cls(model, dict(_flatten(initial)))

    @property
    def is_valid(self) -> bool:
        """Whether the form was sent and nothing is wrong with it."""
        return self.data is not None and not self.errors

    @property
    def ok(self) -> M:
        """The model, once ``is_valid`` was checked."""
        if self.data is None or self.errors:
            raise Invalid("form.invalid", t("Some answers need another look"), fields=self.errors)
        return self.data

    def fail(self, name: str, text: Text) -> None:
        """Add what only a service could find out; the first sentence about a field stays."""
        self.errors.setdefault(name, text)

    def fail_with(self, error: AppError) -> None:
        """Take over what a service refused: its sentences by field, or its message for the whole form."""
        for name, text in error.fields.items():
            self.fail(name, text)
        if not error.fields:
            self.fail(WHOLE, error.message)

    def value(self, name: str) -> Any:
        """Return what the field shows: the last value sent or given, else an empty text."""
        found = self.values.get(name)
        return found[-1] if found and not isinstance(found[-1], UploadFile) else ""

    def chosen(self, name: str) -> list[str]:
        """Return all values of a field that takes several."""
        return [str(item) for item in self.values.get(name, ())]

    def is_ticked(self, name: str) -> bool:
        """Return whether a single checkbox is ticked."""
        return str(self.value(name)).lower() in {"1", "on", "true", "yes"}

    def error(self, name: str) -> Text | None:
        """Return what is wrong with a field."""
        return self.errors.get(name)

    def label(self, name: str) -> str:
        """Return the field's title in the reader's language, or nothing if the model gives none."""
        title = self.node(name).title
        return gettext(title) if title else ""

    def is_required(self, name: str) -> bool:
        """Return whether the model insists on the field."""
        return self.node(name).is_required

    def node(self, name: str) -> Node:
        """Return what the model says about a field name."""
        return describe(self.model, name)

    def rows(self, name: str, *, least: int = 1, spare: int = 0) -> list[str]:
        """Return the name prefixes of a list's rows (``lines-0``), with ``spare`` blank ones at the end."""
        last = max(self._rows_of(name), default=-1)
        return [f"{name}-{index}" for index in range(max(last + 1 + spare, least))]

    def _rows_of(self, name: str) -> Iterator[int]:
        for key in self.values:
            if key.startswith(name + "-"):
                number = row_number(key[len(name) + 1 :].partition("-")[0])
                if number is not None:
                    yield number


async def bind(
    request: Request,
    model: type[M],
    *,
    context: Mapping[str, Any] | None = None,
    most_files: int = _MOST_FILES,
    most_fields: int = _MOST_FIELDS,
) -> Form[M]:
    """Read the body of a POST into a form, and leave it with the request for whoever has to keep it for later.

    Size limits of the whole body are kept by ``ui.security``.
    """
    body = await request.form(max_files=most_files, max_fields=most_fields, max_part_size=MEBIBYTE)
    values: dict[str, list[Any]] = {}
    for name, value in body.multi_items():
        values.setdefault(name, []).append(value)
    form = bind_values(values, model, context=context)
    request.state.form = form
    return form


def bind_values(
    values: Mapping[str, Sequence[Any]], model: type[M], *, context: Mapping[str, Any] | None = None
) -> Form[M]:
    """Return a form from values by name; the part of ``bind`` that needs no request."""
    form = Form(model, {name: list(items) for name, items in values.items()}, is_sent=True)
    tree = shape(model, unflatten(form.values))
    try:
        form.data = model.model_validate(tree.data, context=dict(context or {}))
    except ValidationError as refused:
        for error in refused.errors(include_url=False):
            form.fail(tree.name_of(error["loc"]), sentence(error))
    return form


def _flatten(value: Any, prefix: str = "") -> Iterator[tuple[str, list[Any]]]:
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from _flatten(item, f"{prefix}-{key}" if prefix else str(key))
    elif isinstance(value, list | tuple) and any(isinstance(item, Mapping) for item in value):
        for index, item in enumerate(value):
            yield from _flatten(item, f"{prefix}-{index}")
    elif isinstance(value, list | tuple | set | frozenset):
        yield prefix, [_shown(item) for item in value]
    elif value is not None:
        yield prefix, [_shown(value)]


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return "1" if value else ""
    return str(value)
