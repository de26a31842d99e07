"""What a newcomer is told at the end: who may sign in where, links that open something, and files to try."""

import csv
import io
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from billing import pay_links
from billing.models import Bill
from deploy.seed.bank import the_bank
from deploy.seed.cast import (
    BANK,
    CLERKS,
    NEWCOMER,
    OTHER_CLERKS,
    RESIDENTS,
    SEED,
    Resident,
    every_employee,
    every_payer,
)
from deploy.seed.estate import town_csv
from deploy.seed.report import SignIn
from deploy.settings import Settings
from tenants.models import Account, Holder, Notice, Tenant
from tenants.navigation import start_of
from tenants.scope import bank_scope, open_scope, tenant_scope

SAMPLES = "samples"
TOWN, MISTAKES = "bukit-timah.csv", "bukit-timah-with-mistakes.csv"
_LINK = re.compile(r"\S+/invitations/\S+")
_SHORT = 40
_BROKEN: Mapping[int, Mapping[str, str]] = {
    3: {"Flat type": "6-room"},
    7: {"Area (m²)": "ninety"},
    11: {"Door": ""},
    15: {"E-mail": "not an address"},
    19: {"Since": "31/02/2024"},
    23: {"Holder": "=HYPERLINK(A1)"},
    27: {"Flat type": "executive", "Rate": "reduced"},
    31: {"Area (m²)": "-5"},
    35: {"Door": "#01-01", "Storey": "1"},
}
"""What is wrong with some rows of the second file, by the row's place."""


async def signins(settings: Settings) -> tuple[SignIn, ...]:
    """Return every sign-in and link of the demonstration."""
    public = settings.public_url.rstrip("/")
    bank = [("Bank, " + one.role.replace("_", " "), f"{public}/bank/{BANK}", one.name) for one in CLERKS]
    bank += [
        (f"{one.bank.title()}, {one.role.replace('_', ' ')}", f"{public}/bank/{one.bank}", one.name)
        for one in OTHER_CLERKS
    ]
    staff = [
        (
            f"{one.institution.short_name}, {one.role.replace('_', ' ')}",
            f"{public}{one.home}" if one.home else public + start_of(one.institution.slug),
            one.name,
        )
        for one in every_employee()
    ]
    payers = [
        ("Resident" if one.doors else "Payer", f"{public}/my", f"{one.name}: {one.story}")
        for one in every_payer()
        if one.is_confirmed
    ]
    return (*bank, *staff, *payers, *await _links(public), *_files(settings, public))


async def _links(public: str) -> list[SignIn]:
    _, person, institution = NEWCOMER
    bank = await the_bank()
    async with open_scope(bank_scope(bank.id)):
        tenants = {tenant.slug: tenant for tenant in await Tenant.filter(bank_id=bank.id)}
    newcomer = tenants[institution.slug]
    async with open_scope(tenant_scope(newcomer.id)):
        sent = (
            await Notice.filter(tenant_id=newcomer.id, template="invitation").order_by("-created_at").first()
        )
    found = _LINK.search(sent.body) if sent else None
    links = [("Invitation", found[0], f"{person}, to administer {institution.short_name}")] if found else []
    for one in RESIDENTS:
        if not one.is_confirmed:
            links += await _printed(public, tenants[one.doors[0].institution.slug], one)
    return links


async def _printed(public: str, tenant: Tenant, one: Resident) -> list[SignIn]:
    """Return what a printed bill lets its bearer do."""
    async with open_scope(tenant_scope(tenant.id)):
        account = await Account.get(tenant_id=tenant.id, number=one.doors[0].number)
        holder = await Holder.get(tenant_id=tenant.id, account_id=account.id, name=one.name)
        await pay_links.ensure_codes(tenant.id, [account.id])
        bill = await Bill.filter(tenant_id=tenant.id, account_id=account.id).order_by("-period").first()
    code = pay_links.confirmation_code(holder)
    links = [("Code on a bill", f"{public}/my/accounts?code={code}", f"{one.name}: {one.story}")]
    if bill is not None:
        links.append(
            ("Pay-link", pay_links.make_url(tenant.id, bill.id), "anyone who holds the printed bill")
        )
    return links


def _files(settings: Settings, public: str) -> Iterator[SignIn]:
    folder, (_, person, institution) = settings.data_dir / SAMPLES, NEWCOMER
    where = f"{public}/t/{institution.slug}/imports"
    yield "To import", where, f"{folder / TOWN}, as {person}"
    yield "With mistakes", where, str(folder / MISTAKES)


def write_samples(data_dir: Path) -> None:
    """Write a second town to import, and a short file with mistakes, where they are missing."""
    folder = data_dir / SAMPLES
    if (folder / MISTAKES).exists():
        return
    folder.mkdir(parents=True, exist_ok=True)
    content = town_csv("bukit_timah", SEED + 2)
    (folder / TOWN).write_bytes(content)
    (folder / MISTAKES).write_text(_with_mistakes(content.decode()), encoding="utf-8", newline="")


def _with_mistakes(content: str) -> str:
    reader, out = csv.DictReader(io.StringIO(content)), io.StringIO()
    writer = csv.DictWriter(out, list(reader.fieldnames or ()), lineterminator="\r\n")
    writer.writeheader()
    for place, row in zip(range(_SHORT), reader, strict=False):
        writer.writerow({**row, **_BROKEN.get(place, {})})
    return out.getvalue()
