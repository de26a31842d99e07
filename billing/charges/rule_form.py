"""The form in which a finance officer writes a rule: a shape, and the fields that it has for this fee's accounts.

Fields are those of ``billing.rules.forms``, so that what is typed becomes a document there. Which attributes a table
goes by decides what is on the form, so those are chosen first (in the address), and the tables come filled with the
values that the scenario knows.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from billing.charges.fees import Document, kinds_of
from billing.models import FeeItem
from billing.rules import LateFee, parse
from billing.rules.builders import charge, fixed
from billing.rules.currency import finest_step
from billing.rules.form_draft import Draft
from billing.rules.form_late import KINDS as LATE_KINDS
from billing.rules.form_late import late_fields, read_late
from billing.rules.form_parts import from_parts, to_parts
from billing.rules.forms import SHAPES, from_form, to_form
from billing.rules.terms import LateTerms
from billing.rules.words import value_words
from tenants.kinds import SCENARIOS, Attribute
from ui.errors import Invalid
from ui.forms import Drawn
from ui.i18n import N_, Text, gettext, t

PARTS = "parts"
"""The shape that shows any rule, field by field."""
ANY_RULE = N_("Any rule, put together from parts")
LATE_SHAPES = {key: words for key, words in LATE_KINDS.items() if key != "none"}
SPARE_TIERS, SPARE_COEFFICIENTS = 5, 2
MOST_ROWS = 60
Options = list[tuple[str, str]]


STEPS = ("0.001", "0.005", "0.01", "0.05", "0.1", "0.5", "1", "10")


@dataclass
class RuleForm:
    """One rule as it is edited: texts by field name, and what is wrong with them. Field macros can draw it."""

    item: FeeItem
    shape: str
    values: dict[str, str]
    errors: dict[str, Text] = field(default_factory=dict)
    drawn: Drawn = field(default_factory=Drawn)
    parts: Sequence[object] = ()
    """What the form of parts consists of, once it is to be drawn."""

    def value(self, name: str) -> str:
        """Return what a field shows."""
        return self.values.get(name, "")

    def error(self, name: str) -> Text | None:
        """Return what is wrong with a field."""
        return self.errors.get(name)

    def label(self, name: str) -> str:
        """Return nothing: labels are given where fields are drawn."""
        del name
        return ""

    def is_required(self, name: str) -> bool:
        """Tell that no single field is insisted on by the browser; the rule as a whole is checked."""
        del name
        return True

    @property
    def is_late(self) -> bool:
        """Tell whether this is the rule of a late fee."""
        return self.item.kind == "late_fee"

    @property
    def steps(self) -> Options:
        """The steps to round to that this fee's currency has."""
        finest = finest_step(self.item.currency)
        return [(step, step) for step in STEPS if Decimal(step) >= Decimal(finest)]

    @property
    def shapes(self) -> Options:
        """The shapes that this fee's accounts allow."""
        known = LATE_SHAPES if self.is_late else SHAPES
        found = [(key, gettext(words)) for key, words in known.items() if self._allows(key)]
        return [*found, (PARTS, gettext(ANY_RULE))]

    def _allows(self, shape: str) -> bool:
        if shape in {"table", "by_attribute"}:
            return bool(self.lists)
        if shape in {"quantity", "tiers"}:
            return bool(self.numbers or self.counted)
        return bool(self.numbers) if shape == "area" else True

    @property
    def _attributes(self) -> list[Attribute]:
        found = {a.key: a for kind in kinds_of(self.item) for a in kind.attributes}
        return list(found.values())

    @property
    def attributes(self) -> Options:
        """Every attribute of the accounts."""
        return [(a.key, gettext(a.label)) for a in self._attributes]

    @property
    def lists(self) -> Options:
        """The attributes that a table can go by."""
        return [(a.key, gettext(a.label)) for a in self._attributes if a.type in {"choice", "boolean"}]

    @property
    def numbers(self) -> Options:
        """The attributes that are numbers."""
        return [(a.key, gettext(a.label)) for a in self._attributes if a.type in {"decimal", "integer"}]

    @property
    def quantities(self) -> Options:
        """What a rate can be for each of."""
        attributes = [(f"attribute:{key}", label) for key, label in self.numbers]
        counted = [(f"quantity:{name}", gettext(label)) for name, label in self.counted.items()]
        return [*attributes, *counted, ("quantity:days", gettext("Days of the month"))]

    @property
    def counted(self) -> Mapping[str, str]:
        """The numbers of a month that the scenario finds out."""
        scenario = SCENARIOS.get(self.item.scenario)
        return scenario.quantities if scenario else {}

    @property
    def eligibles(self) -> Options:
        """The single conditions under which an account is charged at all."""
        return [
            (f"{attribute}={key}", f"{label}: {self.word(attribute, key)}")
            for attribute, label in self.lists
            for key in self.keys(attribute)
        ]

    def keys(self, attribute: str) -> list[str]:
        """Return the values of an attribute that the scenario knows."""
        found = next((a for a in self._attributes if a.key == attribute), None)
        if found is None:
            return []
        return ["true", "false"] if found.type == "boolean" else list(found.choices)

    def word(self, attribute: str, key: str) -> str:
        """Return how people call a value."""
        found = next((a for a in self._attributes if a.key == attribute), None)
        label = found.choices.get(key) if found else None
        return gettext(label) if label else str(value_words(attribute, key))

    def title(self, attribute: str) -> str:
        """Return how people call an attribute."""
        return next((gettext(a.label) for a in self._attributes if a.key == attribute), attribute)

    def group(self, name: str) -> list[int]:
        """Return the numbers of a repeated group's fields."""
        found = {int(key.split(".")[1]) for key in self.values if key.startswith(f"{name}.")}
        return sorted(found)

    def document(self) -> Document:
        """Return the rule that is typed.

        Raises:
            Invalid: with a sentence for each field that is wrong.
        """
        if self.shape == PARTS:
            return from_parts(self.item.kind, self.item.currency, self.values)
        fields = {**self.values, "currency": self.item.currency}
        if self.is_late:
            return _late_document(self.shape, fields)
        attribute, _, value = fields.pop("eligible", "").partition("=")
        if attribute:
            fields |= {"eligible_attribute": attribute, "eligible_values": value}
        return from_form(self.shape, {**fields, "late_kind": "none"})

    def fail_with(self, error: Invalid) -> None:
        """Take over what is wrong."""
        self.errors = dict(error.fields) or {"": error.message}


def _late_document(shape: str, fields: Mapping[str, str]) -> LateFee:
    draft = Draft({**fields, "late_kind": shape})
    terms = read_late(draft)
    if terms is None:
        raise Invalid("rule.shape", t("Choose how the amount is worked out."))
    step = draft.read("rounding_step", "rounding.step", finest_step(fields["currency"]))
    mode = draft.read("rounding_mode", "rounding.mode", "half_up")
    data = {
        "kind": "late_fee",
        "currency": fields["currency"],
        **terms,
        "rounding": {"mode": mode, "step": step},
    }
    try:
        document = parse({key: value for key, value in data.items() if value is not None})
    except Invalid as error:
        found = {_late_field(draft, path): text for path, text in error.fields.items()}
        raise Invalid(error.code, error.message, fields=found) from error
    if not isinstance(document, LateFee):
        raise TypeError("a late fee's form describes a late fee")
    return document


def _late_field(draft: Draft, path: str) -> str:
    return draft.field_of(f"late_fee.{path}") or draft.field_of(path)


def of_parts(item: FeeItem, document: Document) -> RuleForm:
    """Return the form that shows any rule part by part."""
    return RuleForm(item, PARTS, to_parts(document))


def of_document(item: FeeItem, document: Document) -> RuleForm:
    """Return the simplest form that shows all of a rule."""
    return _simple(item, document) or of_parts(item, document)


def _simple(item: FeeItem, document: Document) -> RuleForm | None:
    if isinstance(document, LateFee):
        terms = LateTerms(**{name: getattr(document, name) for name in LateTerms.model_fields})
        stand_in = charge(document.currency, fixed("0"), round_to=document.rounding, late_fee=terms)
        values = late_fields(stand_in)
        if values is None or document.eligible is not None:
            return None
        rounded = {"rounding_mode": document.rounding.mode, "rounding_step": str(document.rounding.step)}
        return complete(RuleForm(item, values.pop("late_kind"), {**values, **rounded}))
    found = to_form(document)
    if found is None or document.late_fee is not None:
        return None
    values = dict(found.fields)
    attribute, value = values.pop("eligible_attribute"), values.pop("eligible_values")
    if "," in value:
        return None
    return complete(
        RuleForm(item, found.shape, {**values, "eligible": f"{attribute}={value}" if value else ""})
    )


EMPTY = {
    "amount.kind": "fixed",
    "amount.amount": "",
    "rounding.mode": "half_up",
}


def blank(item: FeeItem, asked: Mapping[str, str]) -> RuleForm:
    """Return an empty form of the shape and attributes asked for, else of the first that fit the fee."""
    form = RuleForm(item, asked.get("shape", ""), {})
    shapes = [key for key, _ in form.shapes]
    form.shape = form.shape if form.shape in shapes else shapes[0]
    if form.shape == PARTS:
        form.values = {**EMPTY, "rounding.step": finest_step(item.currency)}
        return form
    lists = [key for key, _ in form.lists]
    form.values["rounding_step"] = finest_step(item.currency)
    names = _by(form.shape)
    for index, name in enumerate(names):
        default = lists[0] if index == 0 and lists and name != "plus_attribute" else ""
        chosen = asked.get(name, default)
        form.values[name] = chosen if chosen in lists else default
    return complete(form)


def _by(shape: str) -> Sequence[str]:
    return {
        "table": ("row_attribute", "column_attribute"),
        "area": ("plus_attribute",),
        "by_attribute": ("late_attribute",),
    }.get(shape, ())


def typed(item: FeeItem, values: Mapping[str, str]) -> RuleForm:
    """Return the form as it was sent."""
    kept = {key: value for key, value in values.items() if key not in {"shape", "act"}}
    if values.get("shape") == PARTS:
        return RuleForm(item, PARTS, kept)
    return complete(RuleForm(item, values.get("shape", ""), kept))


def complete(form: RuleForm) -> RuleForm:
    """Add the fields that the form shows and nobody has filled in: rows for every known value, spare ones."""
    values = form.values
    for attribute, group in (
        ("row_attribute", "row"),
        ("column_attribute", "column"),
        ("plus_attribute", "plus_key"),
        ("late_attribute", "late_key"),
    ):
        if values.get(attribute):
            _add_keys(form, group, form.keys(values[attribute]))
    _add_spare(form)
    return form


def _add_keys(form: RuleForm, group: str, keys: Sequence[str]) -> None:
    present = {form.values[f"{group}.{number}"] for number in form.group(group)}
    number = max(form.group(group), default=-1) + 1
    for key in keys:
        if key not in present and number < MOST_ROWS:
            form.values[f"{group}.{number}"] = key
            number += 1


def _add_spare(form: RuleForm) -> None:
    spare = {"tiers": ("tier_rate", "tier_up_to", SPARE_TIERS)}
    spare["quantity"] = ("coefficient", "coefficient_label", SPARE_COEFFICIENTS)
    if form.shape in spare:
        one, other, count = spare[form.shape]
        for number in range(count):
            form.values.setdefault(f"{one}.{number}", "")
            form.values.setdefault(f"{other}.{number}", "")
