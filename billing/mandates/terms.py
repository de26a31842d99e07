"""What an institution decides about autopay."""

from typing import ClassVar

from billing.terms import Section


class MandateTerms(Section):
    """From what payers may have bills taken, and how.

    ``notice_days`` is how long before a debit the payer is told; ``retry_count`` more tries follow a failed one.
    """

    section: ClassVar[str] = "autopay"
    is_on: bool = True
    has_bank: bool = True
    has_card: bool = True
    notice_days: int = 3
    retry_days: int = 3
    retry_count: int = 2
