"""What learning apps may know of a child: nothing by name or date of birth before a guardian agrees, nothing after."""

from typing import Any

from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from scenarios.education.family import consents
from scenarios.education.family.children import Child, child_of
from tenants.actor import Actor
from tenants.http import WRITES, path_id, person_route
from tenants.scope import open_scope, tenant_scope
from ui.errors import NotFound
from ui.forms import bind
from ui.i18n import N_, gettext, t
from ui.render import redirect, respond

DEMOGRAPHICS = "demographics"
WORDS = {
    consents.TOOLS: N_(
        "My child may use the learning tools of the class at home. The tool keeps my child's work and marks."
    ),
    consents.NAMES: N_(
        "Learning apps that the school uses may know my child's name. Without it they know a number."
    ),
    DEMOGRAPHICS: N_("Apps that the school gives its class lists to may know my child's date of birth."),
}
"""What is agreed to, purpose by purpose, in English msgids; kept with the consent in the words that were read."""
TITLES = {
    consents.TOOLS: N_("Use at home"),
    consents.NAMES: N_("Full name"),
    DEMOGRAPHICS: N_("Date of birth"),
}


class ConsentForm(BaseModel):
    """Which, and whether it is given."""

    purpose: str = ""
    given: bool = False


async def show(request: Request, actor: Actor) -> Response:
    """Show what is agreed to."""
    child = await child_of(actor, path_id(request, "account_id"))
    async with open_scope(tenant_scope(child.tenant_id)):
        held = [
            (purpose, gettext(TITLES[purpose]), gettext(words), await _holds(child, purpose))
            for purpose, words in WORDS.items()
        ]
    context: dict[str, Any] = {"child": child, "held": held, "root": f"/my/school/{child.account_id}"}
    return await respond(request, "education/my/apps.html", context)


async def _holds(child: Child, purpose: str) -> bool:
    return await consents.holds(child.tenant_id, child.account_id, purpose)


async def change(request: Request, actor: Actor) -> Response:
    """Agree to one of them, or take it back."""
    child = await child_of(actor, path_id(request, "account_id"))
    said = (await bind(request, ConsentForm)).ok
    if said.purpose not in WORDS:
        raise NotFound("consent.unknown", t("There is no such page, or it is not yours to see."))
    async with open_scope(tenant_scope(child.tenant_id)):
        act = consents.sign if said.given else consents.take_back
        await act(actor, child, purpose=said.purpose, words=gettext(WORDS[said.purpose]))
    flash = t("Kept. It holds from now on.") if said.given else t("Taken back. It holds from now on.")
    return redirect(request, f"/my/school/{child.account_id}/apps", flash=flash)


ROUTES: list[BaseRoute] = [
    person_route("/my/school/{account_id}/apps", show, name="my_child_apps"),
    person_route("/my/school/{account_id}/apps", change, methods=WRITES, name="my_child_apps_change"),
]
