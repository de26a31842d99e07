"""Naming the people behind an institution."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from tenants.actor import Actor
from tenants.http import WRITES, bank_route, path_id
from tenants.onboarding import people, services
from tenants.onboarding.view import address, show
from ui.errors import Invalid
from ui.forms import bind
from ui.i18n import t
from ui.render import redirect


async def add(request: Request, actor: Actor) -> Response:
    """Name somebody."""
    found = await services.get(actor, path_id(request))
    form = await bind(request, people.PersonForm)
    if form.is_valid:
        try:
            await people.add(actor, found.id, form.ok)
        except Invalid as error:
            form.fail_with(error)
        else:
            return redirect(request, address(actor, found), flash=t("{name} is named.", name=form.ok.name))
    return await show(request, actor, found, person=form, status=422)


async def remove(request: Request, actor: Actor) -> Response:
    """Take somebody off."""
    found = await services.get(actor, path_id(request))
    await people.remove(actor, found.id, path_id(request, "person"))
    return redirect(request, address(actor, found), flash=t("The person is removed."))


ONE, WRITE = "/applications/{id}/people", "applications.write"
ROUTES: list[BaseRoute] = [
    bank_route(ONE, add, permission=WRITE, methods=WRITES, name="application_person_add"),
    bank_route(
        ONE + "/{person}/removal", remove, permission=WRITE, methods=WRITES, name="application_person_remove"
    ),
]
