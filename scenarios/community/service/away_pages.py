"""My work on one page that goes along where there is no network: each order with its list, a text, photos, and *done*.

The page keeps what is said on the device, with the time and a number of its own, and sends it when there is a network
again; without script each form is an ordinary one.
"""

from datetime import UTC, datetime
from uuid import uuid4

from pydantic import BaseModel, Field
from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute

from billing.answers.notes import keep_files
from scenarios.community.common import estate_route, root_of, tenant_of
from scenarios.community.service import orders, queries, reports
from scenarios.community.service.reports import Said
from scenarios.community.service.states import TONES, WORD_TEXTS
from tenants.actor import Actor
from tenants.gates.keeping import keeper
from tenants.http import WRITES, path_id
from ui.errors import Invalid
from ui.flash import Flash
from ui.forms import bind
from ui.i18n import N_, Text, t
from ui.render import redirect, respond

SCRIPTS = ["js/away.js"]
MOST_TEXT = 2000


class ReportForm(BaseModel):
    """What is said of an order; ``shown`` are the steps that were done when the page was made."""

    key: str = Field("", title=N_("Number of this report"), max_length=60)
    said_at: str = Field("", title=N_("Said at"), max_length=40)
    shown: list[int] = Field([], title=N_("Checklist"))
    steps: list[int] = Field([], title=N_("Checklist"))
    is_done: bool = Field(False, title=N_("It is done"))
    text: str = Field("", title=N_("What was done"), max_length=MOST_TEXT)
    files: list[UploadFile] = Field([], title=N_("Photos"))

    model_config = {"arbitrary_types_allowed": True}


async def mine(request: Request, actor: Actor) -> Response:
    """Show somebody the work that is theirs, to be taken along."""
    context = {
        "root": root_of(actor),
        "orders": [
            {**one, "key": str(uuid4()), "state": WORD_TEXTS[one["status"]], "tone": TONES[one["status"]]}
            for one in await queries.to_take_along(tenant_of(actor), actor.person_id)
        ],
    }
    return await respond(request, "community/service/away.html", context)


async def send(request: Request, actor: Actor) -> Response:
    """Take what is said of an order; sent again, it changes nothing. The page's script is answered in JSON."""
    order_id = path_id(request)
    form = await bind(request, ReportForm)
    is_script = "application/json" in request.headers.get("accept", "")
    if not form.is_valid:
        raise Invalid("work.report", next(iter(form.errors.values())))
    await orders.get(tenant_of(actor), order_id)
    kept = (
        []
        if await reports.is_known(actor, form.ok.key)
        else await keep_files(tenant_of(actor), form.ok.files)
    )
    order, wrong = await reports.report(actor, order_id, _said(form.ok), files=kept)
    told = _told(order.status, wrong)
    if is_script:
        body = {"status": order.status, "is_open": wrong is not None, "words": str(told)}
        return JSONResponse(body, headers={"Cache-Control": "no-store"})
    return redirect(
        request, f"{root_of(actor)}/work/mine", flash=Flash(told, tone="warning" if wrong else "success")
    )


def _said(form: ReportForm) -> Said:
    """Return the report: a ticked step is done, one whose tick was taken away is not; of others it says nothing."""
    steps = dict.fromkeys(form.shown, False) | dict.fromkeys(form.steps, True)
    return Said(form.key or str(uuid4()), _moment(form.said_at), steps, form.is_done, form.text)


def _moment(text: str) -> datetime:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return datetime.now(UTC)
    return found.astimezone(UTC) if found.tzinfo else datetime.now(UTC)


def _told(status: str, wrong: Text | None) -> Text:
    if wrong is not None:
        return t("Kept, but the order stays open: {reason}", reason=wrong)
    if status == "cancelled":
        return t("Kept in its story. The order was cancelled in the meantime.")
    return t("Sent. The order is done.") if status in {"done", "confirmed"} else t("Sent.")


async def worker(request: Request, actor: Actor) -> Response:
    """Send the script that keeps the page for when there is no network."""
    del request
    return keeper(f"{root_of(actor)}/work/mine", SCRIPTS)


ROUTES: list[BaseRoute] = [
    estate_route("/work/mine", mine, permission="service.write", name="work_mine"),
    estate_route("/work/mine/worker.js", worker, permission="service.write", name="work_worker"),
    estate_route("/work/{id}/reports", send, permission="service.write", methods=WRITES, name="work_report"),
]
