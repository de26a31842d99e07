"""What pydantic found wrong, in plain words: each error type has a sentence that says what to do."""

from typing import Any

from pydantic_core import ErrorDetails

from ui.fields import FieldError
from ui.i18n import N_, Text, t

_SENTENCES = {
    "missing": N_("Fill this in."),
    "string_type": N_("Fill this in."),
    "string_too_short": N_("Use at least {min_length} characters."),
    "string_too_long": N_("Use at most {max_length} characters."),
    "string_pattern_mismatch": N_("This is not in the right form."),
    "int_parsing": N_("Enter a whole number."),
    "int_parsing_size": N_("This number is too large."),
    "int_type": N_("Enter a whole number."),
    "int_from_float": N_("Enter a whole number."),
    "decimal_parsing": N_("Enter a number."),
    "decimal_type": N_("Enter a number."),
    "decimal_max_places": N_("Use at most {decimal_places} decimals."),
    "decimal_max_digits": N_("This number is too large."),
    "decimal_whole_digits": N_("This number is too large."),
    "float_parsing": N_("Enter a number."),
    "finite_number": N_("Enter a number."),
    "greater_than": N_("Enter a number above {gt}."),
    "greater_than_equal": N_("Enter {ge} or more."),
    "less_than": N_("Enter a number below {lt}."),
    "less_than_equal": N_("Enter {le} or less."),
    "multiple_of": N_("Enter a multiple of {multiple_of}."),
    "date_parsing": N_("Enter a day like 2026-03-31."),
    "date_from_datetime_parsing": N_("Enter a day like 2026-03-31."),
    "date_type": N_("Enter a day like 2026-03-31."),
    "datetime_parsing": N_("Enter a day and a time."),
    "datetime_from_date_parsing": N_("Enter a day and a time."),
    "timezone_aware": N_("Enter a day and a time."),
    "time_parsing": N_("Enter a time like 09:30."),
    "bool_parsing": N_("Choose yes or no."),
    "enum": N_("Choose one of the options."),
    "literal_error": N_("Choose one of the options."),
    "union_tag_invalid": N_("Choose one of the options."),
    "union_tag_not_found": N_("Choose one of the options."),
    "uuid_parsing": N_("Choose one of the options."),
    "too_short": N_("Give at least {min_length}."),
    "too_long": N_("Give at most {max_length}."),
    "list_type": N_("Fill this in."),
    "url_parsing": N_("Enter a web address that starts with https://."),
    "url_scheme": N_("Enter a web address that starts with https://."),
    "extra_forbidden": N_("This field is not known here."),
}


def sentence(error: ErrorDetails) -> Text:
    """Return the sentence for one error; a ``FieldError`` brings its own."""
    context: dict[str, Any] = error.get("ctx", {})
    raised = context.get("error")
    if isinstance(raised, FieldError):
        return raised.text
    found = _SENTENCES.get(error["type"])
    return t(found, **context) if found else t("This value cannot be used.")
