"""A split rule as a document: who gets what of a fee, in which order, read as a sentence by every receiver.

Percentages count in hundredths of a percent, amounts in minor units of the fee's currency.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from billing.names import Sum
from billing.splits.core import WHOLE, Claim
from ui.formats import percent
from ui.i18n import Text, t

MOST_RECEIVERS = 10
HIGHEST_MINOR = 10**12


class Part(BaseModel):
    """What one receiver is due of each payment: an amount, or hundredths of a percent of a base, capped or not."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    receiver: UUID
    kind: Literal["amount", "percent"]
    amount_minor: Annotated[int, Field(ge=0, le=HIGHEST_MINOR)] = 0
    rate: Annotated[int, Field(ge=0, le=WHOLE)] = 0
    base: Literal["gross", "after_fees"] = "gross"
    cap_minor: Annotated[int, Field(ge=1, le=HIGHEST_MINOR)] | None = None

    @model_validator(mode="after")
    def _says_something(self) -> "Part":
        if (self.amount_minor if self.kind == "amount" else self.rate) <= 0:
            raise ValueError("a part is above zero")
        if self.kind == "amount" and (self.rate or self.cap_minor is not None):
            raise ValueError("an amount has neither rate nor cap")
        return self

    def claim(self) -> Claim:
        """Return it as the arithmetic takes it."""
        if self.kind == "amount":
            return Claim(amount_minor=self.amount_minor)
        return Claim(rate=self.rate, base=self.base, cap_minor=self.cap_minor)


class SplitDocument(BaseModel):
    """The parts in the order in which they are served; the institution keeps the rest."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    parts: Annotated[tuple[Part, ...], Field(min_length=1, max_length=MOST_RECEIVERS)]

    @model_validator(mode="after")
    def _each_once(self) -> "SplitDocument":
        receivers = [part.receiver for part in self.parts]
        if len(set(receivers)) < len(receivers):
            raise ValueError("each receiver once")
        if sum(part.rate for part in self.parts) > WHOLE:
            raise ValueError("at most a hundred percent")
        return self


def read(document: Mapping[str, Any]) -> SplitDocument:
    """Return a kept document, checked.

    Raises:
        ValidationError: it is none.
    """
    return SplitDocument.model_validate(document)


def sentences(document: SplitDocument, names: Mapping[UUID, str], currency: str) -> list[Text]:
    """Return the rule as people read it, one sentence for each receiver in order, and what the institution keeps."""
    said = [_sentence(part, names.get(part.receiver, "?"), currency) for part in document.parts]
    return [*said, t("The institution keeps the rest.")]


def _sentence(part: Part, name: str, currency: str) -> Text:
    if part.kind == "amount":
        return t("{name} gets {amount} of each payment.", name=name, amount=Sum(part.amount_minor, currency))
    share = _Share(part.rate)
    if part.cap_minor is None and part.base == "gross":
        return t("{name} gets {share} of what is paid.", name=name, share=share)
    if part.cap_minor is None:
        return t("{name} gets {share} of what is left after the channel's fee.", name=name, share=share)
    cap = Sum(part.cap_minor, currency)
    if part.base == "gross":
        return t("{name} gets {share} of what is paid, at most {cap}.", name=name, share=share, cap=cap)
    return t(
        "{name} gets {share} of what is left after the channel's fee, at most {cap}.",
        name=name,
        share=share,
        cap=cap,
    )


class _Share:
    """A percentage inside a sentence, written in the reader's form when the sentence is shown."""

    def __init__(self, rate: int) -> None:
        self._rate = rate

    def __str__(self) -> str:
        return percent(Decimal(self._rate) / WHOLE, places=2)


__all__ = ["MOST_RECEIVERS", "Part", "SplitDocument", "ValidationError", "read", "sentences"]
