"""What is typed about a complaint, and the parts that its pages share."""

from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, Field
from starlette.datastructures import UploadFile

from billing.complaints.filing import SUMMARY_MAX, TEXT_MAX
from billing.complaints.states import KINDS, OUTCOMES, SIDES, STATE_TONES, STATE_WORDS
from billing.complaints.terms import terms_of
from billing.models import Complaint, ComplaintMessage
from ui.fields import MinorAmount
from ui.i18n import N_, gettext, t, texts
from ui.shell import Tone
from ui.tables import Column


class Filing(BaseModel):
    """A new complaint."""

    kind: str = Field("", title=N_("What is it about?"))
    summary: str = Field(title=N_("In one line"), max_length=SUMMARY_MAX)
    text: str = Field(title=N_("What happened, and what would put it right?"), max_length=TEXT_MAX)
    files: list[UploadFile] = Field([], title=N_("Files"))

    model_config = {"arbitrary_types_allowed": True}


class Calling(Filing):
    """A complaint that somebody of the bank writes down for a caller."""

    name: str = Field(title=N_("Who complains"), max_length=100)
    contact: str = Field("", title=N_("Their e-mail or phone"), max_length=200)


class Message(BaseModel):
    """A message, and for whom: for all, as a question, or for the bank alone."""

    text: str = Field(title=N_("Your message"), max_length=TEXT_MAX)
    files: list[UploadFile] = Field([], title=N_("Files"))
    act: str = "say"

    model_config = {"arbitrary_types_allowed": True}


class Deciding(BaseModel):
    """A decision with its reason and, where a payment is named, money back."""

    outcome: str = Field("", title=N_("What have you decided?"))
    text: str = Field(title=N_("The answer, in words they understand"), max_length=TEXT_MAX)
    refund_minor: Annotated[int | None, MinorAmount()] = Field(None, title=N_("Give back"))


class Giving(BaseModel):
    """Who gets it."""

    to: UUID | None = Field(None, title=N_("Who works on it"))


class Again(BaseModel):
    """Why somebody does not agree with the answer."""

    text: str = Field(title=N_("Why do you not agree?"), max_length=TEXT_MAX)


NONE: dict[str, Any] = {
    "is_bank": False,
    "is_staff": False,
    "people": [],
    "before": None,
    "refund": None,
    "may_refund": False,
}
"""What one of the pages has and the others have not."""


async def facts(found: Complaint) -> dict[str, Any]:
    """Return what every page of a complaint shows, in the open scope, which decides what messages there are."""
    messages = await ComplaintMessage.filter(tenant_id=found.tenant_id, complaint_id=found.id).order_by(
        "created_at", "id"
    )
    return {
        **NONE,
        "complaint": found,
        "terms": await terms_of(found.bank_id),
        "messages": messages,
        "kind": gettext(KINDS[found.kind].name),
        "state": STATE_WORDS[found.status],
        "tone": STATE_TONES.get(found.status, "neutral"),
        "sides": texts(SIDES),
        "outcome": gettext(OUTCOMES[found.outcome]) if found.outcome else "",
        "outcomes": [(key, t(word)) for key, word in OUTCOMES.items()],
    }


def kind_word(value: Any, row: Any) -> str:
    """Return what a complaint is about, in words."""
    del row
    return gettext(KINDS[value].name)


def due(value: Any, row: Any) -> Any:
    """Return the day an answer is due; nothing once there is one."""
    return None if row["status"] in {"answered", "closed", "withdrawn"} else value


def state_of(row: Any) -> str:
    """Return the state as lists show it: what is overdue is said so."""
    return "late" if row["is_late"] else str(row["status"])


LISTED_WORDS = STATE_WORDS | {"late": t("Overdue")}
LISTED_TONES: dict[str, Tone] = STATE_TONES | {"late": "danger"}


def columns(root: str, *more: Column) -> tuple[Column, ...]:
    """Return the columns of staff's lists; ``more`` comes after who complains."""
    return (
        Column("number", t("Number"), sortable=True, format="id"),
        Column("summary", t("What it says"), is_main=True, href=lambda row: f"{root}/complaints/{row['id']}"),
        Column("person_name", t("Who complains")),
        *more,
        Column(
            "due_at", t("Answer by"), format="date", sortable=True, value=lambda row: due(row["due_at"], row)
        ),
        Column("status", t("State"), format="badge", value=state_of, words=LISTED_WORDS, tones=LISTED_TONES),
    )


FILED = (
    Column("kind", t("About"), format=kind_word),
    Column("created_at", t("When"), format="datetime"),
    Column("answered_at", t("Decided on"), format="datetime"),
    Column("outcome", t("Decision"), words=texts(OUTCOMES)),
)
"""What a file holds besides."""
STATES = [("open", t("All that are open")), ("late", t("Overdue")), *STATE_WORDS.items()]


def kinds() -> list[tuple[str, str]]:
    """Return all kinds, for a filter."""
    return [(key, gettext(kind.name)) for key, kind in KINDS.items()]
