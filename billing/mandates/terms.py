"""What an institution decides about autopay."""

from typing import ClassVar

from billing.terms import Section


class MandateTerms(Section):
    """``notice_days`` is how long before a debit the payer is told; ``retry_count`` more tries follow a failed one."""

    section: ClassVar[str] = "autopay"
    is_on: bool = True
    notice_days: int = 3
    retry_days: int = 3
    retry_count: int = 2
