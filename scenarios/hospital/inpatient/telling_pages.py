"""Finance's list of deposits: how each stands at the hospital's own system."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from billing.lists import Listing, list_page
from scenarios.hospital.inpatient import telling
from scenarios.hospital.pages.common import require_hospital, root_of
from scenarios.hospital.rights import SEE, WORK
from tenants.actor import Actor
from tenants.http import WRITES, tenant_route
from ui.i18n import N_, t
from ui.render import redirect
from ui.shell import Tone
from ui.tables import Column

WORDS = {
    "waiting": N_("Being told"),
    "posted": N_("Stands at the hospital"),
    "refused": N_("Refused by the hospital's system"),
}
TONES: dict[str, Tone] = {"waiting": "info", "posted": "success", "refused": "danger"}
DEPOSITS = Listing(
    name="his-deposits",
    filters=("status",),
    sorts={"moved_at": "p.moved_at", "amount_minor": "p.amount_minor"},
    default_sort="-moved_at",
    sql="""
select p.id, p.moved_at, p.amount_minor, p.currency, p.status, p.tries, p.problem, p.his_reference,
       a.number patient_number, s.reference, s.id stay_id
  from hospital_deposit_posting p join tenants_account a on a.tenant_id = p.tenant_id and a.id = p.account_id
  join hospital_stay s on s.tenant_id = p.tenant_id and s.id = p.stay_id
 where p.tenant_id = $1 and ($2 = '' or a.number ilike $2 or a.name ilike $2 or s.reference ilike $2)
   and ($3 = '' or p.status = $3)""",
)


def _columns(root: str) -> tuple[Column, ...]:
    return (
        Column("moved_at", t("When"), format="datetime", sortable=True),
        Column("reference", t("Number of the stay"), format="code", is_main=True,
               href=lambda one: f"{root}/stays/{one['stay_id']}"),
        Column("patient_number", t("Patient's number"), format="code"),
        Column("amount_minor", t("Amount"), format="money", sortable=True),
        Column("status", t("State"), format="badge", tones=TONES, words={k: t(w) for k, w in WORDS.items()}),
        Column("tries", t("Tries"), format="number"),
        Column("problem", t("What the system says")),
        Column("his_reference", t("Number there"), format="code"),
    )  # fmt: skip


async def deposits(request: Request, actor: Actor) -> Response:
    """List, search and download the deposits with how they stand at the hospital's system."""
    require_hospital(actor)
    context = {
        "states": [(key, t(words)) for key, words in WORDS.items()],
        "may_work": actor.may(WORK),
        "root": root_of(actor),
    }
    return await list_page(
        request, actor, DEPOSITS, _columns(root_of(actor)), "hospital/stays/deposits.html", context
    )


async def again(request: Request, actor: Actor) -> Response:
    """Tell the system again of what it has refused."""
    require_hospital(actor)
    count = await telling.tell_again(actor)
    return redirect(
        request, f"{root_of(actor)}/his-deposits", flash=t("{n} deposits are told again.", n=count)
    )


ROUTES: list[BaseRoute] = [
    tenant_route("/his-deposits", deposits, permission=SEE, name="his_deposits"),
    tenant_route("/his-deposits", again, permission=WORK, methods=WRITES, name="his_deposits_again"),
]
