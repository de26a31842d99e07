"""A block and how to appeal against it: whoever has the document may ask, and is answered at the address they give."""

from datetime import UTC, datetime

from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import Response

from scenarios.tourism.models import Block
from scenarios.tourism.orders import people, standing
from scenarios.tourism.shop.public import Shop
from tenants import throttle
from tenants.days import today
from ui.errors import Invalid
from ui.forms import Form, bind
from ui.i18n import N_, t
from ui.render import redirect, respond

PER_VISITOR = ("10/10 minutes", "40/1 day")


class Appeal(BaseModel):
    """Whose block, and why it should end."""

    document: str = Field(title=N_("Identity card or passport number"), max_length=30)
    contact: str = Field(title=N_("E-mail or mobile number"), max_length=200)
    text: str = Field(title=N_("Why is the block wrong?"), max_length=2000)


async def ask(request: Request, shop: Shop) -> Response:
    """Ask whose block it is and why it should end."""
    return await _page(request, shop, Form.blank(Appeal))


async def _page(request: Request, shop: Shop, form: Form[Appeal], status: int = 200) -> Response:
    return await respond(request, "tourism/shop/appeal.html", {"shop": shop, "form": form}, status=status)


async def create(request: Request, shop: Shop) -> Response:
    """Keep an appeal; the answer on the page is the same whether there is a block or not."""
    await throttle.spend("tourism appeal", shop.actor.ip, PER_VISITOR)
    form = await bind(request, Appeal)
    if form.is_valid:
        try:
            await _keep(shop, form.ok)
        except Invalid as wrong:
            form.fail_with(wrong)
        else:
            words = t("Thank you. If this document is blocked here, the site looks at it and answers you.")
            return redirect(request, shop.root, flash=words)
    return await _page(request, shop, form, status=422)


async def _keep(shop: Shop, said: Appeal) -> None:
    document = people.read_visitor("", said.document, "x")
    contact = people.read_buyer("-", said.contact).address.value
    tenant_id = shop.tenant.id
    key = people.document_key(tenant_id, document.document)
    found = await standing.block_of(tenant_id, [key], today(shop.zone))
    if found is not None and found.appealed_at is None:
        await Block.filter(tenant_id=tenant_id, id=found.id).update(
            appeal=said.text.strip(),
            appeal_contact=people.seal(people.CONTACTS, contact),
            appealed_at=datetime.now(UTC),
        )
