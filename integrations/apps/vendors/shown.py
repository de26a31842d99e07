"""Apps and versions as pages show them, in the reader's language."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from integrations.apps.models import AppVersion
from integrations.apps.scopes import ABOUT, SCOPES, claims_of
from integrations.apps.vendors.findings import CHECKS
from integrations.apps.vendors.forms import AUTH_METHODS, NEEDS, PROFILES
from integrations.apps.vendors.states import APP_WORDS, TONES, VERSION_WORDS
from tenants import kinds, texts
from ui.i18n import Text, current_locale, t


@dataclass(frozen=True, slots=True)
class Asked:
    """One thing an app asks for: what it is, about whom, the vendor's reason, the facts in it."""

    key: str
    label: Text
    about: Text
    reason: str
    claims: tuple[tuple[str, Text, bool], ...]
    """Each claim: its key, its label, and whether it cannot be left out."""


@dataclass(frozen=True, slots=True)
class Measured:
    """One finding with its words."""

    label: Text
    is_met: bool
    is_needed: bool
    note: Text | str


def asked(scopes: Mapping[str, Mapping[str, str]]) -> list[Asked]:
    """Return what these scopes ask for, in the order of the list of scopes."""
    return [
        Asked(
            key,
            t(scope.label),
            t(ABOUT[scope.about]),
            scopes[key].get(current_locale(), ""),
            tuple((name, t(claim.label), claim.is_required) for name, claim in claims_of([key]).items()),
        )
        for key, scope in SCOPES.items()
        if key in scopes
    ]


def words(texts: Mapping[str, Mapping[str, str]], name: str) -> str:
    """Return a text of a version in the reader's language."""
    mine = texts.get(current_locale(), {})
    return mine.get(name) or texts.get("en", {}).get(name, "")


def shown_version(version: AppVersion) -> dict[str, Any]:
    """Return a version for a template."""
    return {
        "row": version,
        "name": words(version.texts, "name"),
        "summary": words(version.texts, "summary"),
        "about": words(version.texts, "about"),
        "price": words(version.texts, "price"),
        "icon": icon_url(version),
        "status": t(VERSION_WORDS[version.status]),
        "tone": TONES.get(version.status, "neutral"),
        "asks": asked(version.scopes),
        "scenarios": [t(kinds.SCENARIOS[key].name) for key in version.scenarios if key in kinds.SCENARIOS],
        "needs": [t(NEEDS[key]) for key in version.needs if key in NEEDS],
        "profile": t(PROFILES[version.profile]),
        "auth_method": t(AUTH_METHODS[version.auth_method]),
        "findings": [
            Measured(t(CHECKS[one["check"]][0]), one["is_met"], one["is_needed"], texts.loads(one["note"]))
            for one in version.findings
            if one["check"] in CHECKS
        ],
    }


def icon_url(version: Any) -> str:
    """Return where the version's icon is; empty when it has none."""
    return f"/app-icons/{version.id}" if version.icon_type else ""


def shown_app(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return an app of a list for a template."""
    return {
        **row,
        "status_word": t(APP_WORDS[row["status"]]),
        "tone": TONES.get(row["status"], "neutral"),
    }
