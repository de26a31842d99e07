"""What every page of one bill run shows around its own matter: name, state, tabs, and the work under way."""

from typing import Any

from starlette.requests import Request

from billing.charges.fee_words import root_of
from billing.charges.run_settings import may_approve
from billing.charges.states import RUN_TONES, RUN_WORDS
from billing.models import BillRun
from billing.names import Month as MonthWords
from billing.place_words import by_place, place_word
from tenants.actor import Actor
from tenants.models import Task
from ui.i18n import t
from ui.shell import NavItem

WORDS = {key: t(words) for key, words in RUN_WORDS.items()}


async def shell(request: Request, actor: Actor, run: BillRun) -> dict[str, Any]:
    """Return the context that all templates of a run share."""
    root = root_of(request)
    here = f"{root}/runs/{run.id}"
    task = await Task.get_or_none(tenant_id=run.tenant_id, id=run.task_id) if run.task_id else None
    return {
        "run": run,
        "tabs": _tabs(run, root, here, request.url.path),
        "root": root,
        "here_url": here,
        "state": {"words": WORDS[run.status], "tone": RUN_TONES[run.status]},
        "actor": actor,
        "may_approve": run.status == "drafted" and await may_approve(actor, run),
        "job": _job(run, task),
        "month": MonthWords(run.period),
        "place_word": place_word([run.scenario]),
        "by_place_word": by_place([run.scenario]),
    }


def _tabs(run: BillRun, root: str, here: str, path: str) -> list[NavItem]:
    odd = path.startswith((f"{here}/exceptions", f"{here}/decisions"))
    return [
        NavItem(t("Summary"), here, is_current=path == here),
        NavItem(t("Comparison"), f"{here}/comparison", is_current=path == f"{here}/comparison"),
        NavItem(t("To look at"), f"{here}/exceptions", is_current=odd, count=run.exception_count),
        NavItem(t("Bills"), f"{root}/bills?run={run.id}", count=run.bill_count),
    ]


def _job(run: BillRun, task: Task | None) -> dict[str, Any]:
    texts = {
        "drafting": t("Working out the bills…"),
        "issuing": t("Issuing {n} bills…", n=run.bill_count),
        "cancelling": t("Throwing the draft away…"),
        "voiding": t("Taking unpaid bills back…"),
    }
    is_failed = task is not None and task.state == "failed"
    broken = t("This did not work. It is tried again by itself.")
    return {
        "label": WORDS[run.status],
        "text": broken if is_failed else texts.get(run.status, ""),
        "done": task.done if task else 0,
        "total": task.total if task else None,
        "is_finished": False,
        "is_failed": is_failed,
    }
