"""How what is paid for a fee is shared, said to whoever pays, sells or looks on: in words and amounts."""

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from billing.models import Receiver, SplitRule
from billing.splits.core import split
from billing.splits.documents import SplitDocument, read, sentences
from ui.i18n import Text


@dataclass(frozen=True, slots=True)
class Told:
    """The rule in sentences, and what each receiver gets of an amount before the channel's fee; the rest stays."""

    sentences: list[Text]
    parts: list[tuple[str, int]]
    rest_minor: int


async def rule_of(tenant_id: UUID, fee_item_id: UUID, day: date) -> SplitDocument | None:
    """Return the split rule of a fee that holds on a day."""
    found = (
        await SplitRule.filter(
            tenant_id=tenant_id, fee_item_id=fee_item_id, status="active", effective_from__lte=day
        )
        .order_by("-effective_from", "-version")
        .first()
    )
    return read(found.document) if found else None


async def told(
    tenant_id: UUID, fee_item_id: UUID, day: date, amount_minor: int, currency: str
) -> Told | None:
    """Return how an amount of a fee that is paid on a day is shared; ``None`` when the institution keeps all of it."""
    rule = await rule_of(tenant_id, fee_item_id, day)
    if rule is None:
        return None
    found = await Receiver.filter(tenant_id=tenant_id, id__in=[part.receiver for part in rule.parts])
    names = {one.id: one.name for one in found}
    shares = split(amount_minor, 0, [part.claim() for part in rule.parts])
    parts = [(names.get(part.receiver, "?"), share) for part, share in zip(rule.parts, shares, strict=True)]
    return Told(sentences(rule, names, currency), parts, amount_minor - sum(shares))
