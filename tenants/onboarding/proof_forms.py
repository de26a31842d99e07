"""Forms about the proof of a settlement account."""

from typing import Annotated, Literal

from pydantic import BaseModel, Field

from ui.fields import MinorAmount
from ui.i18n import N_


class DirectionForm(BaseModel):
    """Which way the few cents go."""

    direction: Literal["out", "in"]


class AmountForm(BaseModel):
    """What the applicant has read on the account."""

    amount_minor: Annotated[int, MinorAmount()] = Field(title=N_("Amount that arrived"))
