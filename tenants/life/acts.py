"""Suspending, resuming, closing, and another legal representative."""

from typing import Any

from pydantic import BaseModel, Field

from tenants.actor import Actor
from tenants.days import today_at_bank
from tenants.life.kinds import Kind, add_kind
from tenants.models import BankRequest, Tenant
from tenants.states import Edge, Machine
from ui.i18n import N_

TENANT = Machine(
    "institution",
    "approved",
    {
        "go_live": Edge(("approved",), "live", "everything before the gate was seen"),
        "suspend": Edge(("live",), "suspended", "two people of the bank decided so; its payers are told"),
        "resume": Edge(("suspended",), "live", "what led to it is over"),
        "close": Edge(
            ("approved", "live", "suspended"), "closing", "it leaves: no new payments, books are handed over"
        ),
        "stay": Edge(("closing",), "live", "it stays after all"),
        "end_close": Edge(("closing",), "closed", "its books are handed over"),
    },
)


class SuspendForm(BaseModel):
    """How an institution is suspended."""

    takes_payments: bool = Field(False, title=N_("Payers can go on paying"))
    word_to_payers: str = Field(title=N_("What its payers read"), min_length=10, max_length=300)


class CloseForm(BaseModel):
    """What payers read from now on."""

    word_to_payers: str = Field(title=N_("What its payers read"), min_length=10, max_length=300)


class EndForm(BaseModel):
    """What was handed over at the end."""

    handed_over: str = Field(title=N_("What was handed over to whom"), min_length=10, max_length=300)
    export_sha256: str = Field(
        title=N_("Fingerprint (SHA-256) of the exported ledger"), pattern="^[0-9a-f]{64}$"
    )


class RepresentativeForm(BaseModel):
    """Who represents the institution from now on."""

    legal_representative: str = Field(title=N_("Legal representative"), max_length=100)


class NothingForm(BaseModel):
    """An act that needs nothing but its reason."""


def frozen(form: BaseModel) -> dict[str, Any]:
    """Return what was typed as it is."""
    return form.model_dump(mode="json")


def state(tenant: Tenant) -> dict[str, Any]:
    """Return that the state is what the act rests on."""
    return {"status": tenant.status}


async def suspend(actor: Actor, tenant: Tenant, request: BankRequest) -> None:
    """Suspend; its payers see why, and pay on or not."""
    del actor
    tenant.status = TENANT.after(tenant.status, "suspend")
    tenant.takes_payments = request.facts["takes_payments"]
    tenant.word_to_payers = request.facts["word_to_payers"]


async def resume(actor: Actor, tenant: Tenant, request: BankRequest) -> None:
    """Let everything go on."""
    del actor, request
    edge = "resume" if tenant.status == "suspended" else "stay"
    tenant.status, tenant.takes_payments, tenant.word_to_payers = TENANT.after(tenant.status, edge), True, ""


async def close(actor: Actor, tenant: Tenant, request: BankRequest) -> None:
    """Stop new payments; staff stay until the books are handed over."""
    del actor
    tenant.status, tenant.takes_payments = TENANT.after(tenant.status, "close"), False
    tenant.word_to_payers = request.facts["word_to_payers"]


async def end_close(actor: Actor, tenant: Tenant, request: BankRequest) -> None:
    """End it: the fingerprint of what was handed over stays in the trail."""
    del actor, request
    tenant.status = TENANT.after(tenant.status, "end_close")


async def represent(actor: Actor, tenant: Tenant, request: BankRequest) -> None:
    """Take the new legal representative over, and look at the institution again soon."""
    del actor
    tenant.legal_representative = request.facts["legal_representative"]
    tenant.review_on = await today_at_bank(tenant.bank_id)


def register() -> None:
    """Let the bank's people ask for these; safe to call again."""
    live, suspended, closing = frozenset({"live"}), frozenset({"suspended"}), frozenset({"closing"})
    for kind in (
        Kind("suspend", N_("Suspend"), N_("Its payers are told, and pay on or not as you choose."),
             SuspendForm, live, frozen, state, suspend),
        Kind("resume", N_("Resume"), N_("Everything goes on as before."),
             NothingForm, suspended | closing, frozen, state, resume),
        Kind("representative", N_("Change the legal representative"), N_("The institution is reviewed afterwards."),
             RepresentativeForm, live | suspended, frozen,
             lambda tenant: {"legal_representative": tenant.legal_representative}, represent, tells_contact=True),
        Kind("close", N_("Close the institution"),
             N_("No new payments; its books stay to be exported and handed over."),
             CloseForm, live | suspended | {"approved"}, frozen, state, close, tells_contact=True),
        Kind("end_close", N_("End the closing"), N_("Once its ledger is exported and handed over."),
             EndForm, closing, frozen, state, end_close),
    ):  # fmt: skip
        add_kind(kind)


register()
