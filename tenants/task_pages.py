"""The page of long work: how far it is, and where its result is once it is done."""

from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from tenants import tasks, texts
from tenants.actor import Actor
from tenants.http import path_id, tenant_route
from tenants.models import Task
from ui import hx
from ui.i18n import Text, gettext, t
from ui.render import redirect, respond


@dataclass(frozen=True, slots=True)
class Job:
    """A task as the progress bar shows it."""

    label: str
    text: Text | str
    done: int
    total: int
    is_finished: bool
    is_failed: bool


async def show(request: Request, actor: Actor) -> Response:
    """Show how far the work is; lead to its result when it is done."""
    task = await tasks.get(actor, path_id(request))
    url = (task.result or {}).get("url", "")
    if task.state == "done" and url:
        if hx.is_partial(request):
            return Response(status_code=200, headers=hx.leave(url))
        return redirect(request, url)
    context = {
        "title": gettext(tasks.NAMES.get(task.kind, "")) or gettext("Background work"),
        "job": _job(task),
        "url": request.url.path,
        "next": url,
        "next_label": gettext("Go on"),
    }
    return await respond(request, "tenants/task.html", context, block="progress")


def _job(task: Task) -> Job:
    is_failed = task.state == "failed"
    label = gettext(tasks.NAMES.get(task.kind, "")) or gettext("Background work")
    words = texts.loads(task.error) if task.error else _words(task)
    return Job(label, words, task.done, task.total, task.state == "done", is_failed)


def _words(task: Task) -> Text:
    if task.state == "waiting":
        return t("Waiting for its turn. It begins within moments.")
    return t("Done.") if task.state == "done" else t("Under way.")


ROUTES: list[BaseRoute] = [tenant_route("/tasks/{id}", show, permission="dashboard.read", name="task")]
