"""What a tenant's administrator chooses about an app."""

from pydantic import BaseModel, Field

from ui.i18n import N_


class AgreeForm(BaseModel):
    """What the app gets: scopes and the claims in them."""

    scopes: list[str] = Field([], title=N_("What it gets"))
    claims: list[str] = Field([], title=N_("Facts in it"))


class RolesForm(BaseModel):
    """Who sees the app, and how strongly they have to sign in for it."""

    roles: list[str] = Field([], title=N_("Roles that see it"))
    min_level: int = Field(1, title=N_("Level of sign-in it needs"), ge=1, le=3)


class InstallForm(AgreeForm, RolesForm):
    """Everything that installing asks."""
