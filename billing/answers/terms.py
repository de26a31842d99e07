"""What an institution allows as an answer to its bills."""

from typing import ClassVar

from billing.terms import Section


class AnswerTerms(Section):
    """``promise_days_most`` bounds how many days from today a promise may lie ahead; zero allows none.

    ``promises_most`` is how many promises one bill may get.
    """

    section: ClassVar[str] = "answers"
    promise_days_most: int = 14
    promises_most: int = 2
    has_disputes: bool = True
