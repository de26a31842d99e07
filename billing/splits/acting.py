"""Working on how proceeds are shared."""

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response

from billing.models import FeeItem
from billing.splits import receivers, returning, rules, sharing, viewing
from billing.splits.forms import NewReceiver, RuleForm, Start, document_of
from tenants.actor import Actor
from tenants.http import path_id
from ui.errors import Conflict, Invalid, NotFound
from ui.flash import Flash
from ui.forms import bind
from ui.i18n import Text, t
from ui.render import redirect


async def create_receiver(request: Request, actor: Actor) -> Response:
    """Add a receiver."""
    form = await bind(request, NewReceiver)
    if form.is_valid:
        try:
            found = await receivers.add(actor, **form.ok.model_dump())
        except (Conflict, Invalid) as refused:
            form.fail_with(refused)
        else:
            return _to(request, actor, f"/splits/receivers/{found.id}", t("The receiver is there."))
    return await viewing.receivers_page(request, actor, form, status=422)


async def closing(request: Request, actor: Actor) -> Response:
    """Have nothing more shared with a receiver."""
    found = await receivers.close(actor, path_id(request), is_closed=True)
    text = t("Nothing more is shared with {name} by new rules.", name=found.name)
    return _to(request, actor, f"/splits/receivers/{found.id}", text)


async def opening(request: Request, actor: Actor) -> Response:
    """Take a receiver up again."""
    found = await receivers.close(actor, path_id(request), is_closed=False)
    text = t("{name} can be chosen in rules again.", name=found.name)
    return _to(request, actor, f"/splits/receivers/{found.id}", text)


async def create_rule(request: Request, actor: Actor) -> Response:
    """Keep a rule for another person to put into force."""
    form = await bind(request, RuleForm)
    if form.is_valid:
        try:
            item = await _fee(actor, form.ok.fee)
            document = document_of(form.ok, item.currency)
            found = await rules.draft(actor, fee_item_id=item.id, document=document)
        except Invalid as refused:
            form.fail_with(refused)
        else:
            text = t("The rule waits for another person to put it into force.")
            return _to(request, actor, f"/splits/rules/{found.id}", text)
    return await viewing.rule_form_page(request, actor, form, status=422)


async def _fee(actor: Actor, typed: str) -> FeeItem:
    try:
        found = await FeeItem.get_or_none(tenant_id=actor.tenant_id, id=UUID(typed))
    except ValueError:
        found = None
    if found is None:
        text = t("Choose a fee.")
        raise Invalid("split.fee", text, fields={"fee": text})
    return found


async def activation(request: Request, actor: Actor) -> Response:
    """Put a rule into force."""
    form, rule_id = await bind(request, Start), path_id(request)
    if form.is_valid:
        try:
            await rules.activate(actor, rule_id, effective_from=form.ok.effective_from)
        except Invalid as refused:
            form.fail_with(refused)
        except Conflict as refused:
            return _warn(request, actor, f"/splits/rules/{rule_id}", refused)
        else:
            return _to(request, actor, f"/splits/rules/{rule_id}", t("The rule is set."))
    return await viewing.rule_page(request, actor, await rules.get(actor, rule_id), form)


async def refusal(request: Request, actor: Actor) -> Response:
    """Refuse a rule."""
    rule_id = path_id(request)
    try:
        await rules.refuse(actor, rule_id)
    except Conflict as refused:
        return _warn(request, actor, f"/splits/rules/{rule_id}", refused)
    return _to(request, actor, f"/splits/rules/{rule_id}", t("The rule is refused."))


Work = Callable[[Actor, UUID], Awaitable[Any]]


def _work(work: Work, said: Text) -> Callable[[Request, Actor], Awaitable[Response]]:
    async def act(request: Request, actor: Actor) -> Response:
        try:
            found = await work(actor, path_id(request))
        except Conflict as refused:
            return _warn(request, actor, "/worklist", refused)
        return _to(request, actor, f"/payments/{found.payment_id}/shares", said)

    return act


share_retrial = _work(sharing.try_again, t("The share is on its way again."))
share_keeping = _work(sharing.keep, t("The institution keeps it."))
return_retrial = _work(returning.try_again, t("It is asked back again."))
return_bearing = _work(returning.bear, t("The institution bears it. The refund goes on."))


def _to(request: Request, actor: Actor, path: str, said: Text) -> Response:
    return redirect(request, viewing.root_of(actor) + path, flash=Flash(said))


def _warn(request: Request, actor: Actor, path: str, refused: Conflict | NotFound) -> Response:
    return redirect(request, viewing.root_of(actor) + path, flash=Flash(refused.message, tone="warning"))
