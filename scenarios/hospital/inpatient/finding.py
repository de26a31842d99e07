"""A relative who pays for somebody's stay names the bed and the patient, and learns nothing that they did not know.

Whoever names both right sees the name with most of it hidden, and may pay; every other answer is the same one. How
often anybody may try, and how often one bed may be tried by all, is limited.
"""

import re
from collections.abc import Sequence
from uuid import UUID

from billing import pay_links
from billing.wallets.topping_up import top_up
from scenarios.hospital.inpatient.states import LIVE
from scenarios.hospital.models import Stay
from scenarios.hospital.places import hash_of_bed, tidy
from tenants import signed_links, throttle
from tenants.actor import Actor
from tenants.models import Account
from tenants.scope import open_scope, tenant_scope
from ui.errors import Invalid, NotFound
from ui.i18n import t

PURPOSE = "hospital-deposit"
BY_PERSON: Sequence[str] = ("6/10 minutes", "30/1 day")
BY_BED: Sequence[str] = ("12/1 hour",)
_HAN = re.compile(r"[\u4e00-\u9fff]+")


async def find(actor: Actor, *, tenant_id: UUID, bed: str, name: str) -> tuple[str, str]:
    """Return a token of the stay in this bed and the patient's masked name.

    Raises:
        Invalid: there is no such patient in such a bed; which of the two is wrong is not said.
        TooMany: it was tried too often.
    """
    await throttle.spend("hospital-deposit", str(actor.person_id), BY_PERSON)
    await throttle.spend("hospital-deposit-bed", f"{tenant_id} {tidy(bed)}", BY_BED)
    async with open_scope(tenant_scope(tenant_id)):
        there = Stay.filter(tenant_id=tenant_id, status__in=LIVE, bed_hash=hash_of_bed(tenant_id, bed))
        for stay in await there:
            account = await Account.get(tenant_id=tenant_id, id=stay.account_id)
            if is_named(account.name, name):
                return signed_links.token(PURPOSE, tenant_id, stay.id), mask(account.name)
    text = t("We find nobody of this name in this bed. Check both on the wristband or ask the ward.")
    raise Invalid("stay.nobody", text, fields={"bed": text})


def is_named(known: str, said: str) -> bool:
    """Tell whether it is the patient's whole name, or the whole of it in one script; case and spaces do not count."""
    wanted = _plain(said)
    chinese = "".join(_HAN.findall(known))
    latin = _plain(_HAN.sub(" ", known))
    return bool(wanted) and wanted in {_plain(known), _plain(chinese), latin} - {""}


def _plain(name: str) -> str:
    return "".join(name.split()).casefold()


def mask(name: str) -> str:
    """Return a name of which one sign of each word is left: ``H*** M*** L***``, ``何**``."""
    return " ".join(f"{word[0]}{'*' * max(2 if _HAN.match(word) else 3, 0)}" for word in name.split())


async def begin(actor: Actor, *, token: str, amount_minor: int, key: str) -> str:
    """Ask for a top-up of the stay that a token stands for and return where to pay it.

    Raises:
        NotFound: the token is not ours, or the stay has ended.
        Invalid: an amount out of bounds.
    """
    found = signed_links.read(PURPOSE, token)
    gone = NotFound("stay.not_found", t("There is no such stay, or it is not yours to see."))
    if found is None:
        raise gone
    tenant_id, stay_id = found
    async with open_scope(tenant_scope(tenant_id)):
        stay = await Stay.get_or_none(tenant_id=tenant_id, id=stay_id)
        if stay is None or stay.status not in LIVE:
            raise gone
        made = await top_up(
            actor.within(tenant_id), wallet_id=stay.wallet_id, amount_minor=amount_minor, key=key
        )
    assert made.bill_id is not None  # noqa: S101 - it has just been billed
    return f"{pay_links.make(tenant_id, made.bill_id)}/checkout"
