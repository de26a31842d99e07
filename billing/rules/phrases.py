"""Parts and conditions of a rule as phrases, which sentences and steps are built from."""

from billing.rules.nodes import (
    AllOf,
    AnyOf,
    Compare,
    Condition,
    Equals,
    Key,
    Known,
    Not,
    OneOf,
    text_of,
)
from billing.rules.terms import Rounding
from billing.rules.words import attribute_of, figure, joined, name_words, value_words
from ui.i18n import N_, Text, t

ROUNDINGS = {
    "half_up": N_("rounded half up to {step}"),
    "half_even": N_("rounded half to even to {step}"),
    "up": N_("rounded up to {step}"),
    "down": N_("rounded down to {step}"),
}
COMPARISONS = {
    "ge": N_("{name} is at least {value}"),
    "gt": N_("{name} is more than {value}"),
    "le": N_("{name} is at most {value}"),
    "lt": N_("{name} is less than {value}"),
}


def rounding_words(rounding: Rounding) -> Text:
    """Return the rounding step as a phrase."""
    return t(ROUNDINGS[rounding.mode], step=figure(rounding.step))


def condition_words(condition: Condition) -> Text:
    """Return a condition as a phrase that can follow "if"."""
    match condition:
        case Equals():
            return _is(condition.attribute, (condition.value,))
        case OneOf():
            return _is(condition.attribute, condition.values)
        case Compare():
            shown = {"name": name_words(condition.of.name), "value": figure(condition.value)}
            return t(COMPARISONS[condition.kind], **shown)
        case Known():
            return t("{name} is known", name=name_words(condition.of.name))
        case Not():
            return t("not ({condition})", condition=condition_words(condition.condition))
        case AllOf() | AnyOf():
            return _several(condition)


def _is(name: str, values: tuple[Key, ...]) -> Text:
    shown = joined(value_words(name, text_of(value)) for value in values)
    pattern = N_("{name} is {value}") if len(values) == 1 else N_("{name} is one of {value}")
    attribute = attribute_of(name)
    if attribute is not None and attribute.type == "boolean" and len(values) == 1:
        pattern = N_("{name}: {value}")
    return t(pattern, name=name_words(name), value=shown)


def _several(condition: AllOf | AnyOf) -> Text:
    inner = condition.all if isinstance(condition, AllOf) else condition.any
    parts = [condition_words(one) if len(inner) == 1 else _bracketed(one) for one in inner]
    word = t(" and ") if isinstance(condition, AllOf) else t(" or ")
    return t("{conditions}", conditions=joined(parts, word))


def _bracketed(condition: Condition) -> Text:
    words = condition_words(condition)
    return t("({condition})", condition=words) if isinstance(condition, (AllOf, AnyOf)) else words
