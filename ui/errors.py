"""Errors that carry what a person needs to read, whatever shape they are shown in.

Services raise them; one handler (``ui.render``) shows them as a page, a fragment or
``application/problem+json`` (RFC 9457), so that no service knows about HTTP.
"""

from collections.abc import Mapping

from ui.i18n import Text


class AppError(Exception):
    """Something the person asked for cannot be done, said in words they can act on.

    ``code`` is the machine's name for it (``bill.already_paid``), ``message`` the sentence, ``fields`` the
    sentences for single form fields. The transaction of the request is rolled back.
    """

    status = 400

    def __init__(
        self,
        code: str,
        message: Text,
        *,
        status: int | None = None,
        fields: Mapping[str, Text] | None = None,
        advice: Text | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(code, str(message))
        self.code, self.message, self.advice = code, message, advice
        self.status = status or type(self).status
        self.fields: dict[str, Text] = dict(fields or {})
        self.headers: dict[str, str] = dict(headers or {})


class Invalid(AppError):
    """What was typed is not acceptable; ``fields`` says which and why (422)."""

    status = 422


class NotFound(AppError):
    """It does not exist, or not for this person: the two are never told apart (404)."""

    status = 404


class Forbidden(AppError):
    """The person is known and lacks the permission (403)."""

    status = 403


class Conflict(AppError):
    """The thing has moved on since the person looked at it (409)."""

    status = 409


class TooMany(AppError):
    """Asked too often (429); ``Retry-After`` goes into ``headers``."""

    status = 429


class Unavailable(AppError):
    """Something outside does not answer; trying again later is right (503)."""

    status = 503
