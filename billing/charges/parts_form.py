"""The form of any rule, as it is drawn: sections within sections, each with its fields and what can be added to it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from billing.charges.rule_form import RuleForm
from billing.rules.form_parts import nested
from billing.rules.form_spec import KINDS, Member, members_of
from billing.rules.words import KNOWN, line_words, name_words
from ui.i18n import gettext

Options = list[tuple[str, str]]
BALANCES = ("arrears", "principal", "late_fee_charged")
LINES = frozenset({"row", "tier", "rounding"})
QUANTITIES = (
    "usage",
    "used_this_year",
    "months",
    "days",
    "visits",
    "people",
    "stalls",
    "days_late",
    "months_in_arrears",
    "months_since_late_fee",
)


@dataclass(frozen=True, slots=True)
class Drawn:
    """A field, or a section with what is inside it.

    ``options`` make a field a list to choose from, and a section's kind; ``add`` is the path at which something can
    be added, ``drop`` that of what can be taken away.
    """

    path: str
    label: str
    is_section: bool = False
    is_optional: bool = False
    is_number: bool = False
    is_line: bool = False
    """Whether what is inside stands beside each other: a row of a table, a tier."""
    options: Options | None = None
    inside: "list[Drawn]" = field(default_factory=list)
    add: str = ""
    drop: str = ""


class Drawing:
    """Draws one rule's fields; ``lines`` are the fees that a rule may refer to, by their codes."""

    def __init__(self, form: RuleForm, lines: Options) -> None:
        self.form = form
        self.lines = lines

    def whole(self) -> list[Drawn]:
        """Return everything that the rule's form asks for."""
        data = nested(self.form.values)
        return list(self._members(self.form.item.kind, data, ""))

    def _members(self, kind: str, data: Mapping[str, Any], path: str) -> Iterator[Drawn]:
        for member in members_of(kind, data):
            place = f"{path}.{member.name}" if path else member.name
            yield self._member(member, data, place)
        if kind == "part" and data.get("kind"):
            yield Drawn(f"{path}.label", gettext("Called"), is_optional=True)

    def _member(self, member: Member, around: Mapping[str, Any], path: str) -> Drawn:
        value, label = around.get(member.name), gettext(member.label)
        if member.is_list:
            items = value if isinstance(value, list) else []
            numbered = (
                self._one(member, around, (item, index), f"{path}.{index}")
                for index, item in enumerate(items)
            )
            return Drawn(path, label, is_section=True, inside=list(numbered), add=path)
        if member.is_optional and value is None and self._is_piece(member):
            return Drawn(path, label, is_section=True, add=path)
        return self._one(member, around, (value, None), path)

    @staticmethod
    def _is_piece(member: Member) -> bool:
        return member.type in KINDS or member.type in {
            "late",
            "due",
            "rounding",
            "discount",
            "case",
            "tier",
            "row",
        }

    def _one(
        self, member: Member, around: Mapping[str, Any], found: tuple[Any, int | None], path: str
    ) -> Drawn:
        value, index = found
        label = gettext(member.label)
        if index is not None:
            label = gettext("{name} {n}", name=label, n=index + 1)
        drop = path if index is not None or (member.is_optional and self._is_piece(member)) else ""
        if not self._is_piece(member):
            options = self._options(member, around, str(value or ""), index)
            is_number = member.type in {"number", "whole"}
            return Drawn(
                path, label, is_optional=member.is_optional, is_number=is_number, options=options, drop=drop
            )
        data = value if isinstance(value, dict) else {}
        if member.type == "row":
            data = {**data, "by": around.get("by")}
        if member.type in LINES:
            return Drawn(
                path, label, is_section=True, is_line=True, inside=self._line(member, data, path), drop=drop
            )
        kinds = KINDS.get(member.type)
        options = [(key, gettext(words)) for key, (words, _) in kinds.items()] if kinds else None
        inside = list(self._members(member.type, data, path))
        return Drawn(path, label, is_section=True, options=options, inside=inside, drop=drop)

    def _line(self, member: Member, data: Mapping[str, Any], path: str) -> list[Drawn]:
        """Return the fields of a row or tier, its keys named by the attributes that they are values of."""
        inside = list(self._members(member.type, data, path))
        if member.type != "row":
            return inside
        by = data.get("by")
        names = [self.form.title(str(name)) for name in by] if isinstance(by, list) else []
        keys = inside[0].inside
        titled = [replace(key, label=name, drop="") for key, name in zip(keys, names, strict=False)]
        return [*titled, *inside[1:]]

    def _options(
        self, member: Member, around: Mapping[str, Any], value: str, index: int | None
    ) -> Options | None:
        if member.choices:
            return [(key, gettext(words)) for key, words in member.choices.items()]
        found: Options | None = None
        match member.type:
            case "attribute":
                found = self.form.attributes
            case "quantity":
                found = [(name, str(name_words(name))) for name in (*self.form.counted, *QUANTITIES)]
            case "balance":
                found = [(name, gettext(KNOWN[name])) for name in BALANCES]
            case "line":
                found = self.lines or [(value, str(line_words(value)))]
            case "value":
                found = self._values(around, index)
        if found and value and value not in {key for key, _ in found}:
            found = [*found, (value, value)]
        return found

    def _values(self, around: Mapping[str, Any], index: int | None) -> Options | None:
        """Return the known values of the attribute that a key is compared with."""
        by = around.get("by")
        attribute = around.get("attribute", "")
        if isinstance(by, list) and index is not None and index < len(by):
            attribute = by[index]
        keys = self.form.keys(str(attribute))
        return [(key, self.form.word(str(attribute), key)) for key in keys] or None
