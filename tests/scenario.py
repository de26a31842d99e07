"""The miniature scenario: proof that an industry cloud is one value, and that generic pages need no more."""

from functools import partial
from typing import Any

from billing.catalogue import FeeTemplate
from billing.rules import builders as b
from billing.rules import dump
from scenarios.contract import Scenario
from tenants.imports import upsert
from tenants.kinds import AccountKind, Attribute, ImportSpec, ScenarioKinds, Shaped
from tenants.tabular import Field, email, text, yes_no

KEY = "miniature"


def dues(currency: str) -> dict[str, Any]:
    """Dues of a month: 20, and 12 for a senior."""
    amount = b.choose((b.eq("is_senior", True), "12"), otherwise="20")
    return dump(b.charge(currency, amount, period="month"))


def member(values: dict[str, Any]) -> Shaped:
    """A member is their own account and its holder."""
    number, name = values["number"] or "", values["name"] or ""
    senior = {} if values["is_senior"] is None else {"is_senior": values["is_senior"]}
    record = {
        "number": number,
        "kind": "member",
        "name": name,
        "place": "",
        "sort_key": number,
        "attributes": senior,
        "relation": "member",
        "holder": name,
        "email": values["email"],
    }
    return Shaped(record)


MEMBERS = ImportSpec(
    kind="miniature_members",
    name="Members",
    fields=(
        Field("number", "Member number", text(20), is_required=True),
        Field("name", "Member name", text(100), is_required=True),
        Field("is_senior", "Senior", yes_no()),
        Field("email", "E-mail", email()),
    ),
    natural_key=("number",),
    shape=member,
    compare=partial(upsert.compare_accounts, KEY),
    apply=partial(upsert.apply_accounts, KEY),
    check=partial(upsert.check_accounts, KEY, "number"),
    example=({"number": "M-1", "name": "Ann Tan", "is_senior": "no", "email": "ann@example.com"},),
)

MINIATURE = Scenario(
    kinds=ScenarioKinds(
        key=KEY,
        name="Miniature",
        account_kinds=(
            AccountKind("member", "Member", "Members", (Attribute("is_senior", "Senior", "boolean"),)),
        ),
        relations={"member": "Member"},
        imports=(MEMBERS,),
    ),
    fee_templates=(FeeTemplate("dues", {"en": "Dues", "zh_CN": "会费"}, ("member",), document=dues),),
    places=(),
    routes=(),
)
