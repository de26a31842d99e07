"""Forms about documents."""

from typing import Annotated

from pydantic import BaseModel, Field
from starlette.datastructures import UploadFile

from ui.fields import Day, Upload
from ui.i18n import N_


class DocumentForm(BaseModel):
    """One file, what it is, and its last day where it has one."""

    kind: str = Field(title=N_("What it is"))
    file: Annotated[UploadFile, Upload(endings=(".pdf", ".png", ".jpg", ".jpeg", ".webp"))] = Field(
        title=N_("File")
    )
    expires_on: Day | None = Field(None, title=N_("Runs out on"))


class AskForm(BaseModel):
    """A document that is wanted again."""

    kind: str = Field(title=N_("What it is"))
    reason: str = Field(title=N_("Why it is needed again"), min_length=10, max_length=500)
    due_on: Day = Field(title=N_("Wanted by"))
