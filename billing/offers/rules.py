"""A fee rule as an offer: taken, it is a draft at the institution, which somebody there puts into force."""

from collections.abc import Mapping, Sequence
from typing import Any

from billing.bank_terms.words import coin_of
from billing.catalogue import TEMPLATES, FeeTemplate
from billing.charges import fees
from billing.models import FeeItem
from billing.names import localized
from billing.rules import dump, parse
from billing.rules.sentences import sentence
from tenants.actor import Actor
from tenants.ids import new_id
from tenants.kinds import SCENARIOS
from tenants.models import Tenant
from tenants.offers.kinds import Begun, Content, Line, OfferKind, Result, add_kind
from ui.errors import Conflict, Invalid
from ui.i18n import N_, gettext, t


def item_of(content: Content) -> FeeItem:
    """Return the fee that a content is about, as an item that no institution has."""
    return FeeItem(
        id=new_id(),
        tenant_id=new_id(),
        scenario=content["scenario"],
        key=content["fee_key"],
        kind=content["kind"],
        names=content["names"],
        account_kinds=content["account_kinds"],
        currency=content["currency"],
    )


def content_of(scenario: str, template: FeeTemplate, currency: str) -> dict[str, Any]:
    """Return a fee of a scenario's catalogue as content, with its rule where it has one in this currency."""
    document = template.document(currency)
    return {
        "scenario": scenario,
        "fee_key": template.key,
        "kind": template.kind,
        "names": dict(template.names),
        "account_kinds": list(template.account_kinds),
        "currency": currency,
        "document": dump(parse(document)) if document else None,
    }


async def sources(actor: Actor) -> Sequence[tuple[str, str]]:
    """Return every fee of every industry cloud."""
    del actor
    return [
        (f"{key}:{one.key}", f"{gettext(scenario.name)}: {localized(one.names)}")
        for key, scenario in SCENARIOS.items()
        for one in TEMPLATES.get(key, ())
    ]


async def begin(actor: Actor, source: str) -> Begun:
    """Begin with a fee of a catalogue.

    Raises:
        Invalid: there is no such fee.
    """
    scenario, _, key = source.partition(":")
    found = next((one for one in TEMPLATES.get(scenario, ()) if one.key == key), None)
    if found is None:
        text = t("Choose from the list.")
        raise Invalid("offer.source", text, fields={"source": text})
    return Begun(f"{scenario}.{key}", scenario, content_of(scenario, found, coin_of(actor)))


async def renew(actor: Actor, begun: Begun) -> Begun:
    """Begin the next version with what the last one says."""
    del actor
    return begun


def lines(content: Content) -> list[Line]:
    """Read a rule back."""
    scenario = SCENARIOS[content["scenario"]]
    names = {kind.key: gettext(kind.name) for kind in scenario.account_kinds}
    return [
        Line("fee", gettext("Fee"), localized(content["names"])),
        Line("scenario", gettext("Industry cloud"), gettext(scenario.name)),
        Line(
            "accounts",
            gettext("Charged to"),
            ", ".join(names.get(key, key) for key in content["account_kinds"]),
        ),
        Line("currency", gettext("Currency"), content["currency"]),
        Line("rule", gettext("Rule"), rule_text(content)),
    ]


def rule_text(content: Content) -> str:
    """Return a rule in sentences; a dash while there is none."""
    if not content["document"]:
        return "–"
    return " ".join(str(words) for words in sentence(parse(content["document"])))


def missing(content: Content) -> str:
    """Say that a rule without a document charges nothing."""
    return "" if content["document"] else gettext("the rule")


async def apply(actor: Actor, content: Content, before: Result) -> Result:
    """Draft the rule at the institution: on the fee that the version before went to, on its own one, or on a new one.

    Raises:
        Conflict: a draft of that fee is being written already, which is not overwritten.
        Invalid: the institution charges in another currency.
    """
    if content["currency"] != (await Tenant.get(id=actor.tenant_id)).currency:
        text = t(
            "This offer is in {currency}, and you charge in another currency.", currency=content["currency"]
        )
        raise Invalid("offer.currency", text)
    item = await _item(actor, content, before)
    listed = await fees.get_item(actor, item.id)
    if listed.draft:
        text = t(
            "A draft of {fee} is being written. Finish it or throw it away first.", fee=localized(item.names)
        )
        raise Conflict("offer.draft_there", text)
    await fees.save_draft(actor, item.id, parse(content["document"]))
    return {"fee_item_id": str(item.id)}


async def _item(actor: Actor, content: Content, before: Result) -> FeeItem:
    known = FeeItem.filter(tenant_id=actor.tenant_id, scenario=content["scenario"], kind=content["kind"])
    found = await (
        known.filter(id=before["fee_item_id"])
        if before.get("fee_item_id")
        else known.filter(key=content["fee_key"])
    ).first()
    return found or await fees.add_item(
        actor,
        scenario=content["scenario"],
        names=content["names"],
        kind=content["kind"],
        account_kinds=content["account_kinds"],
    )


def leads(result: Mapping[str, Any]) -> tuple[str, str]:
    """Lead to the fee."""
    return f"/fees/{result['fee_item_id']}", gettext("To the fee and its draft")


def register() -> None:
    """Let rules be offered; safe to call again."""
    add_kind(
        OfferKind(
            "rule",
            N_("Fee rule"),
            N_("Taken, it is a draft of the fee, which somebody of the institution puts into force."),
            "fees.write",
            sources,
            begin,
            renew,
            lines,
            apply,
            leads,
            edit="/rule",
            missing=missing,
        )
    )


register()
