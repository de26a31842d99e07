"""Who holds an account: added, changed, invited and ended by the institution's staff."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from tenants.accounts import forms, queries, services
from tenants.accounts.forms import EndingForm, HolderForm
from tenants.actor import Actor
from tenants.days import today_of
from tenants.http import WRITES, path_id, tenant_route
from tenants.models import Account, Holder
from ui.errors import Invalid
from ui.forms import Form, bind
from ui.i18n import gettext, t
from ui.render import redirect, respond


def _url(actor: Actor, account: Account) -> str:
    return f"/t/{actor.place['slug']}/accounts/{account.id}"


async def new(request: Request, actor: Actor) -> Response:
    """Show a form for another holder."""
    account = await queries.account(actor, path_id(request))
    first = next(iter(queries.relations_of(account)), "")
    return await _form(request, actor, account, None, Form.blank(HolderForm, {"relation": first}))


async def add(request: Request, actor: Actor) -> Response:
    """Add a holder."""
    account = await queries.account(actor, path_id(request))
    form = await bind(request, HolderForm)
    if form.is_valid:
        try:
            made = await services.add_holder(actor, account.id, form.ok)
        except Invalid as error:
            form.fail_with(error)
        else:
            flash = t(
                "{name} now holds this account and can confirm with the code on the bill.", name=made.name
            )
            return redirect(request, _url(actor, account), flash=flash)
    return await _form(request, actor, account, None, form, status=422)


async def edit(request: Request, actor: Actor) -> Response:
    """Show a holder for changing."""
    account, found = await _both(request, actor)
    values = {name: getattr(found, name) for name in HolderForm.model_fields}
    return await _form(request, actor, account, found, Form.blank(HolderForm, values))


async def change(request: Request, actor: Actor) -> Response:
    """Keep what was changed about a holder."""
    account, found = await _both(request, actor)
    form = await bind(request, HolderForm)
    if form.is_valid:
        try:
            await services.change_holder(actor, account.id, found.id, form.ok)
        except Invalid as error:
            form.fail_with(error)
        else:
            return redirect(request, _url(actor, account), flash=t("The holder is changed."))
    return await _form(request, actor, account, found, form, status=422)


async def _both(request: Request, actor: Actor) -> tuple[Account, Holder]:
    account = await queries.account(actor, path_id(request))
    return account, await queries.holder(actor, account.id, path_id(request, "holder"))


async def _form(  # noqa: PLR0917 - all that one page shows
    request: Request,
    actor: Actor,
    account: Account,
    found: Holder | None,
    form: Form[HolderForm],
    status: int = 200,
) -> Response:
    root = _url(actor, account)
    context = {
        "account": account,
        "holder": found,
        "form": form,
        "relations": forms.relation_options(account),
        "action": f"{root}/holders/{found.id}" if found else f"{root}/holders",
        "list_url": root.rsplit("/", 1)[0],
        "root": root,
    }
    return await respond(request, "tenants/accounts/holder.html", context, status=status)


async def ending(request: Request, actor: Actor) -> Response:
    """Ask for the last day of a holder."""
    account, found = await _both(request, actor)
    form = Form.blank(EndingForm, {"until": today_of(actor).isoformat()})
    return await _ending(request, actor, account, found, form)


async def end(request: Request, actor: Actor) -> Response:
    """End a holder's part."""
    account, found = await _both(request, actor)
    form = await bind(request, EndingForm)
    if form.is_valid:
        try:
            await services.end_holder(actor, account.id, found.id, until=form.ok.until)
        except Invalid as error:
            form.fail_with(error)
        else:
            flash = t("{name} no longer holds this account after that day.", name=found.name)
            return redirect(request, _url(actor, account), flash=flash)
    return await _ending(request, actor, account, found, form, status=422)


async def _ending(  # noqa: PLR0917 - all that one page shows
    request: Request,
    actor: Actor,
    account: Account,
    found: Holder,
    form: Form[EndingForm],
    status: int = 200,
) -> Response:
    root = _url(actor, account)
    context = {
        "title": gettext("End {name}’s part?", name=found.name),
        "lede": gettext(
            "After the last day they see only what was before. What they paid stays theirs to see."
        ),
        "action": f"{root}/holders/{found.id}/ending",
        "label": gettext("End"),
        "tone": "danger",
        "cancel": root,
        "form": form,
    }
    return await respond(request, "tenants/accounts/ending.html", context, status=status)


async def invite(request: Request, actor: Actor) -> Response:
    """Send the holder their code."""
    account, found = await _both(request, actor)
    await services.invite_holder(actor, account.id, found.id)
    flash = t("The code is on its way to {email}.", email=found.email)
    return redirect(request, _url(actor, account), flash=flash)


_BASE = "/accounts/{id}/holders"
_ONE = "/accounts/{id}/holders/{holder}"
ROUTES: list[BaseRoute] = [
    tenant_route(f"{_BASE}/new", new, permission="accounts.write", name="new_holder"),
    tenant_route(_BASE, add, permission="accounts.write", methods=WRITES, name="add_holder"),
    tenant_route(f"{_ONE}/edit", edit, permission="accounts.write", name="edit_holder"),
    tenant_route(_ONE, change, permission="accounts.write", methods=WRITES, name="change_holder"),
    tenant_route(f"{_ONE}/ending", ending, permission="accounts.write", name="ending_holder"),
    tenant_route(f"{_ONE}/ending", end, permission="accounts.write", methods=WRITES, name="end_holder"),
    tenant_route(
        f"{_ONE}/invitation", invite, permission="accounts.write", methods=WRITES, name="invite_holder"
    ),
]
