"""How risky an application is, from 0 to 100, and why: each point has a reason that a reviewer reads."""

import re
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from ui import formats
from ui.i18n import N_, Text, current_locale, t

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
HIGHEST = 100
FINDINGS: Mapping[str, tuple[int, str]] = {
    "registry_missing": (60, N_("The registry knows no such credit code ({source}).")),
    "registry_inactive": (80, N_("The registry says that it is no longer active ({source}, {as_of}).")),
    "registry_name": (30, N_("The registry has another name: {found} ({source}).")),
    "registry_representative": (25, N_("The registry has another legal representative: {found} ({source}).")),
    "registry_right": (0, N_("Name and legal representative are as in the registry ({source}, {as_of}).")),
    "registry_silent": (20, N_("The registry did not answer. Run the checks again.")),
    "list_sanctions": (100, N_("{found} is on a sanctions list ({source}, since {as_of}).")),
    "list_risk": (50, N_("{found} is on a risk list ({source}, since {as_of}).")),
    "list_clear": (0, N_("Nobody named here is on a list.")),
    "list_silent": (20, N_("The lists did not answer. Run the checks again.")),
    "same_code": (25, N_("The credit code is that of {found}.")),
    "same_name": (15, N_("The name is that of {found}.")),
    "same_account": (30, N_("The settlement account is that of {found}.")),
    "no_duplicate": (0, N_("Nobody else here has the credit code, the name or the account.")),
    "account_name": (20, N_("The name on the settlement account is another one: {found}.")),
    "paper_runs_out": (10, N_("A document runs out on {found}.")),
    "shares_unknown": (
        15,
        N_("The owners named hold {found} % together; a quarter or more of it is unknown."),
    ),
}
"""What can be found: its points, and the sentence with ``{found}``, ``{source}`` and ``{as_of}``."""
BANDS = ((70, N_("High"), "danger"), (30, N_("Medium"), "warning"), (0, N_("Low"), "success"))


def score_of(findings: Iterable[Mapping[str, Any]]) -> int:
    """Return the points of all findings together, at most 100."""
    return min(sum(FINDINGS[one["key"]][0] for one in findings), HIGHEST)


def sentence(finding: Mapping[str, Any]) -> Text:
    """Return a finding in words; a day as the reader writes it, and a name's own full stop not twice."""
    params = {"found": "", "source": "", "as_of": ""} | {
        k: _day(v) if _DAY.fullmatch(str(v)) else v for k, v in finding.items() if k != "key"
    }
    words = FINDINGS[finding["key"]][1]
    if words.endswith("{found}.") and current_locale() == "en":
        params["found"] = str(params["found"]).removesuffix(".")
    return t(words, **params)


def _day(written: str) -> str:
    return formats.date_text(date.fromisoformat(written))


def points(finding: Mapping[str, Any]) -> int:
    """Return what a finding adds to the score."""
    return FINDINGS[finding["key"]][0]


def band(score: int) -> tuple[str, str]:
    """Return a score's word (an English msgid) and tone."""
    return next((word, tone) for least, word, tone in BANDS if score >= least)
