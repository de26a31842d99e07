"""How an application stands in a list."""

from typing import Any

from tenants import kinds
from tenants.actor import Actor
from tenants.onboarding.checklist import STATUSES
from ui.i18n import t
from ui.tables import Column

TONES: dict[str, Any] = {
    "submitted": "info",
    "returned": "warning",
    "approved": "success",
    "rejected": "danger",
}
STATUS_WORDS = {key: t(word) for key, word in STATUSES.items()}


def application_columns(actor: Actor) -> tuple[Column, ...]:
    """Return the columns of a list of applications, each leading to its page."""
    root = f"/bank/{actor.place['slug']}/applications"
    return (
        Column("number", t("Number"), format="code", sortable=True),
        Column(
            "legal_name",
            t("Institution"),
            sortable=True,
            is_main=True,
            href=lambda row: f"{root}/{row['id']}",
        ),
        Column("scenario", t("Industry cloud"), words={key: t(s.name) for key, s in kinds.SCENARIOS.items()}),
        Column("branch", t("Branch")),
        Column("created_by_name", t("Opened by")),
        Column("changed_at", t("Last step"), format="datetime", sortable=True),
        Column("status", t("State"), format="badge", tones=TONES, words=STATUS_WORDS),
    )
