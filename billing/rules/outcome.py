"""What comes out of a rule: an amount with its steps, or a typed reason why there is none."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Self

from billing.rules.words import subject_words
from ui.i18n import N_, Text, t

MESSAGES = {
    "not_eligible": N_("This charge does not apply to the account."),
    "not_active": N_("The account is not charged on any day of the period."),
    "missing_attribute": N_("The account has no {subject}."),
    "missing_quantity": N_("No {subject} is known for the period."),
    "missing_balance": N_("The account's {subject} is not known."),
    "missing_line": N_("The bill has no line {subject} to refer to."),
    "missing_period": N_("The first or last day of the period is not known."),
    "bad_number": N_("The account's {subject} is not a plain number of zero or more."),
    "not_offered": N_("The tariff has no price for this {subject}: it is not offered."),
    "no_row": N_("The tariff has no row for this {subject}."),
    "no_case": N_("None of the rule's cases fits the account."),
    "too_large": N_("The amount is larger than any bill can be."),
}
EXPECTED = frozenset({"not_eligible", "not_active"})


@dataclass(frozen=True, slots=True)
class Step:
    """One line of the working: a sentence to read, and the number it arrives at."""

    text: Text
    value: Decimal


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the account owes, in minor units, with the inputs to work it out again and the working itself."""

    amount_minor: int
    currency: str
    steps: tuple[Step, ...]
    inputs: Mapping[str, str | None]


@dataclass(frozen=True, slots=True)
class RuleException:
    """Why an account has no amount: ``code`` is one of ``MESSAGES``, ``subject`` names the fact or facts."""

    code: str
    subject: str = ""
    inputs: Mapping[str, str | None] | None = None

    @classmethod
    def parse(cls, text: str, inputs: Mapping[str, str | None] | None = None) -> Self:
        """Read the ``exception`` column of a compiled rule."""
        code, _, subject = text.partition(":")
        return cls(code, subject, inputs)

    def __str__(self) -> str:
        """Return it as the ``exception`` column of a compiled rule has it."""
        return f"{self.code}:{self.subject}" if self.subject else self.code

    @property
    def is_expected(self) -> bool:
        """Tell whether the account is simply not charged, so that nobody has to look at it."""
        return self.code in EXPECTED

    @property
    def message(self) -> Text:
        """Return the sentence for a person."""
        return t(MESSAGES[self.code], subject=subject_words(self.subject))
