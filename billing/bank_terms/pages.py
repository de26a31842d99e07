"""The bank's channels and fees on pages: what is in force, asking for a change, deciding about it."""

from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from billing.bank_terms import fee_change, fee_pages, services, words
from billing.bank_terms.document import ONLINE, WAYS
from billing.bank_terms.forms import TermsForm, read, typed
from billing.models import BankTermsVersion
from tenants.actor import Actor
from tenants.banks.reach import bank_of
from tenants.http import WRITES, bank_route, path_id
from tenants.navigation import Place, add_bank_places
from tenants.onboarding.checklist import CURRENCIES
from ui.errors import Conflict, Invalid
from ui.forms import Form, bind
from ui.i18n import N_, gettext, t
from ui.render import redirect, respond
from ui.tables import Column

add_bank_places(Place(N_("Ways to pay and fees"), "/channels", "tenants.read", "payment", 24))


class DecisionForm(BaseModel):
    """What is decided, and why."""

    decision: str
    reason: str = Field("", title=N_("Reason"), max_length=1000)


async def show(request: Request, actor: Actor) -> Response:
    """Show what is in force, what waits, and every version before."""
    found = await services.versions(actor)
    current = next((one for one in found if one.status == "in_force"), None)
    terms, root = services.terms_in(current), _root(actor)
    context = {
        "current": current,
        "waiting": next((one for one in found if one.status == "asked"), None),
        "ways": words.ways_of(terms),
        "fee": words.fee_words(terms),
        "examples": words.examples(terms.fee),
        "currency": terms.currency or words.coin_of(actor),
        "versions": found,
        "columns": _columns(root),
        "may_ask": actor.may(services.ASK),
        "root": root,
    }
    return await respond(request, "billing/bank_terms/terms.html", context)


def _columns(root: str) -> tuple[Column, ...]:
    return (
        Column("number", t("Version"), is_main=True, href=lambda row: f"{root}/channels/{row.id}"),
        Column("created_at", t("Asked on"), format="datetime"),
        Column("asked_by_name", t("Asked by")),
        Column("decided_by_name", t("Decided by")),
        Column(
            "status",
            t("State"),
            format="badge",
            tones=words.TONES,
            words={key: t(word) for key, word in words.STATES.items()},
        ),
    )


async def new(request: Request, actor: Actor) -> Response:
    """Show the form, filled with what is in force."""
    terms = services.terms_in(await services.in_force(bank_of(actor)))
    return await _form(request, actor, Form.blank(TermsForm, typed(terms, words.coin_of(actor))))


async def ask(request: Request, actor: Actor) -> Response:
    """Ask for other terms."""
    form = await bind(request, TermsForm)
    if form.is_valid:
        try:
            made = await services.ask(actor, read(form.ok), form.ok.reason)
        except (Invalid, Conflict) as error:
            form.fail_with(error)
        else:
            words_ = t("Somebody else decides on it now.")
            return redirect(request, f"{_root(actor)}/channels/{made.id}", flash=words_)
    return await _form(request, actor, form, 422)


async def _form(request: Request, actor: Actor, form: Form[TermsForm], status: int = 200) -> Response:
    context = {
        "form": form,
        "ways": [(key, str(name)) for key, name in WAYS.items()],
        "limited": [(key, str(WAYS[key])) for key in ONLINE],
        "currencies": [(code, code) for code in CURRENCIES],
        "currency": str(form.value("currency")),
        "roundings": fee_change.ROUNDINGS,
        "root": _root(actor),
    }
    return await respond(request, "billing/bank_terms/new.html", context, status=status)


async def version(request: Request, actor: Actor) -> Response:
    """Show one version beside what was in force before it, and decide about it."""
    found = await services.version_of(actor, path_id(request))
    return await _version(request, actor, found, Form.blank(DecisionForm))


async def _version(
    request: Request, actor: Actor, found: BankTermsVersion, form: Form[DecisionForm]
) -> Response:
    terms, before = services.terms_in(found), services.terms_in(await _before(found))
    is_waiting = found.status == "asked"
    context = {
        "found": found,
        "ways": words.ways_of(terms, before),
        "fee": words.fee_words(terms),
        "fee_before": words.fee_words(before),
        "examples": words.examples(terms.fee),
        "currency": terms.currency or words.coin_of(actor),
        "state": gettext(words.STATES[found.status]),
        "tone": words.TONES.get(found.status, "neutral"),
        "form": form,
        "may_decide": is_waiting and actor.may(services.DECIDE) and found.asked_by != actor.person_id,
        "may_withdraw": is_waiting and actor.may(services.ASK),
        "root": _root(actor),
    }
    return await respond(request, "billing/bank_terms/version.html", context)


async def _before(found: BankTermsVersion) -> BankTermsVersion | None:
    """Return the version that a version took, or would take, the place of."""
    stood = BankTermsVersion.filter(
        bank_id=found.bank_id, number__lt=found.number, status__in=["in_force", "replaced"]
    )
    return await stood.order_by("-number").first()


async def decide(request: Request, actor: Actor) -> Response:
    """Put it into force, or refuse it; what is another bank's is not found, whatever was sent with it."""
    found = await services.version_of(actor, path_id(request))
    form = await bind(request, DecisionForm)
    decided = await services.decide(
        actor, found.id, is_approved=form.ok.decision == "approve", reason=form.ok.reason
    )
    url = f"{_root(actor)}/channels/{decided.id}"
    return redirect(request, url, flash=t(words.STATES[decided.status]))


async def withdraw(request: Request, actor: Actor) -> Response:
    """Take it back."""
    found = await services.withdraw(actor, path_id(request))
    return redirect(request, f"{_root(actor)}/channels/{found.id}", flash=t("The request is withdrawn."))


def _root(actor: Actor) -> str:
    return f"/bank/{actor.place['slug']}"


READ = "tenants.read"
ROUTES: list[BaseRoute] = [
    *fee_pages.ROUTES,
    bank_route("/channels", show, permission=READ, name="bank_terms"),
    bank_route("/channels/new", new, permission=services.ASK, name="bank_terms_new"),
    bank_route("/channels", ask, permission=services.ASK, methods=WRITES, name="bank_terms_ask"),
    bank_route("/channels/{id}", version, permission=READ, name="bank_terms_version"),
    bank_route("/channels/{id}/decision", decide, permission=services.DECIDE, methods=WRITES),
    bank_route(
        "/channels/{id}/withdrawal",
        withdraw,
        permission=services.ASK,
        methods=WRITES,
        name="bank_terms_withdraw",
    ),
]
