"""The kinds of adjustment, as data: their names, whose lines they touch, whether they may last, and their order.

Where several concern the same line they stack by ``order``, then by the day they begin, then by number; each takes
its percentage of what the ones before it have left, rounded half up to the minor unit, and never more than is left.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from ui.i18n import Text, t


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind; ``fee_kind`` narrows it to charges or late fees, blank takes any line."""

    key: str
    name: Text
    hint: Text
    order: int
    fee_kind: str = ""
    may_stand: bool = False


KINDS: Mapping[str, Kind] = {
    kind.key: kind
    for kind in (
        Kind("discount", t("Discount"), t("A lower price for a reason."), 1, "charge", may_stand=True),
        Kind("aid", t("Aid"), t("Support that this account is entitled to."), 2, "charge", may_stand=True),
        Kind("waiver", t("Waiver"), t("Charges that are not asked for."), 3, "charge", may_stand=True),
        Kind("late_fee_waiver", t("Late-fee waiver"), t("Late fees that are not asked for."), 4, "late_fee"),
        Kind("write_off", t("Write-off"), t("Money that will not come in any more."), 5),
    )
}
STANDING = tuple(key for key, kind in KINDS.items() if kind.may_stand)
"""The kinds that may last: every bill gets them while they do."""
