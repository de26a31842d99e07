"""An amount inside a sentence."""

from dataclasses import dataclass

from ui.formats import money


@dataclass(frozen=True, slots=True)
class Amount:
    """An amount inside a sentence, written in the reader's form when the sentence is shown."""

    minor: int
    currency: str

    def __str__(self) -> str:
        """Return the amount with its currency."""
        return money(self.minor, self.currency)
