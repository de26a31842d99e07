"""From the bank's desk to an institution's first sign-in, one press at a time."""

import re
from dataclasses import dataclass

from tenants.uscc import make as make_uscc
from tests.journeys.live import Live
from tests.journeys.someone import Someone

PDF = b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"
DOCUMENTS = ("licence", "representative_id", "account_proof")
BANK = "/bank/harbour"
MANAGER, REVIEWER = "staff-wen", "staff-zhao"
"""Of the demonstration's bank."""


@dataclass(frozen=True)
class Institution:
    """What the application says of it, and the operator's customer number at the bank."""

    slug: str
    legal_name: str
    short_name: str
    uscc: str
    operator: str
    operator_name: str
    operator_email: str

    @property
    def root(self) -> str:
        return f"/t/{self.slug}"

    def fields(self) -> dict[str, str]:
        return {
            "legal_name": self.legal_name,
            "kind": "company",
            "uscc": self.uscc,
            "legal_representative": "Chen Wei",
            "scenario": "community",
            "short_name": self.short_name,
            "slug": self.slug,
            "currency": "SGD",
            "timezone": "Asia/Singapore",
            "locale": "en",
            "contact_name": "Lee Hua",
            "contact_email": "lee@greencourt.example",
            "contact_phone": "+65 6123 4567",
            "administrator_name": self.operator_name,
            "administrator_email": self.operator_email,
            "settlement_account_name": self.legal_name,
            "settlement_bank_code": "HARBSGSG",
            "settlement_account_number": "001-234567-8",
        }

    def mandate(self, operator_role: str = "authoriser") -> dict[str, str]:
        return {
            "enterprise_id": f"ent-{self.slug}",
            "enterprise_name": self.legal_name,
            "enterprise_uscc": self.uscc,
            "enterprise_legal_representative": "Chen Wei",
            "operator_role": operator_role,
        }


def institution(slug: str, name: str) -> Institution:
    number = sum(ord(letter) * place for place, letter in enumerate(slug, start=1))
    return Institution(
        slug=slug,
        legal_name=f"{name} Management Pte Ltd",
        short_name=name,
        uscc=make_uscc(f"91350100M{number:08d}"),
        operator=f"op-{slug}",
        operator_name="Mei Lim",
        operator_email=f"mei.lim@{slug}.example",
    )


async def apply(manager: Someone, wanted: Institution) -> str:
    """Open an application, first with a mistyped credit code; hand it in with its documents. Return its page."""
    await manager.sign_in(MANAGER, "staff", f"{BANK}/applications/new")
    await manager.heading("New application")
    fields = wanted.fields()
    mistyped = fields["uscc"][:-1] + ("0" if fields["uscc"][-1] != "0" else "1")
    await manager.page.locator('[name="branch_id"]').select_option(index=1)
    await manager.fill(**fields | {"uscc": mistyped})
    await manager.press("Save")
    await manager.sees(
        "The last character does not fit the other 17: a character is mistyped or two are swapped."
    )
    assert await manager.page.locator('[name="legal_name"]').input_value() == wanted.legal_name
    await manager.fill(uscc=fields["uscc"])
    await manager.press("Save")
    await manager.heading(wanted.legal_name)
    await manager.sees("The application is open as a draft.", "Draft")
    address = manager.page.url
    await _hand_in(manager)
    return address


async def _hand_in(manager: Someone) -> None:
    await manager.press("Submit for decision")
    await manager.sees("These documents are still missing", "Draft")
    await _name(manager, role="representative")
    await _name(manager, role="owner", share_percent="100")
    await _prove_account(manager)
    for kind in DOCUMENTS:
        await manager.fill(kind=kind)
        await manager.attach(f"{kind}.pdf", "application/pdf", PDF)
        await manager.press("Add document")
        await manager.sees("The document is kept.", f"{kind}.pdf")
    await manager.press("Submit for decision")
    await manager.sees("A reviewer will decide on it.", "To be decided")
    assert await manager.page.get_by_role("button", name="Approve").count() == 0


async def _name(manager: Someone, **given: str) -> None:
    """Name somebody behind the institution; the number is shown by its end alone."""
    await manager.page.locator("summary", has_text="Name somebody").click()
    fields = {"name": "Chen Wei", "id_kind": "cn_id", "id_number": "11010519491231002X", **given}
    form = manager.page.locator('form[action$="/people"]')
    for name, text in fields.items():
        box = form.locator(f'[name="{name}"]')
        await (box.select_option(text) if name in {"role", "id_kind"} else box.fill(text))
    await manager.press("Name this person")
    await manager.sees("Chen Wei", "•••• 002X")


async def _prove_account(manager: Someone) -> None:
    """Have a small amount sent, read it on the account's own page at the bank, and tell it."""
    await manager.press("Have the bank send a small amount")
    await manager.sees("3 tries are left")
    account = await manager.context.request.get(f"{manager.live.sandbox_url}/rail/accounts/0012345678")
    minor = re.search(r'data-amount-minor="(\d+)"', await account.text())
    assert minor
    await manager.fill(amount_minor=f"{int(minor[1]) / 100:.2f}")
    await manager.press("Compare")
    await manager.sees("The settlement account is proven.")


async def go_live(reviewer: Someone, administrator: Someone, wanted: Institution) -> None:
    """Pass the gate: the contact's letter, the fees, a test bill paid and given back; then the one click."""
    await reviewer.go(f"{BANK}/tenants?q={wanted.short_name}")
    await reviewer.press(wanted.legal_name)
    await reviewer.press("Send the contact a letter to confirm")
    letter = reviewer.live.mail_to("lee@greencourt.example")
    link = re.search(r"http\S+/contact-proof/\S+", letter["text"])
    assert link, letter["text"]
    address = reviewer.page.url
    await reviewer.go(link[0])
    await reviewer.press("Yes, this is my address")
    await reviewer.sees("Thank you. The bank can reach you here.")
    await _pass_own_steps(administrator, wanted)
    await reviewer.go(address)
    await reviewer.press("Go live")
    await reviewer.confirm_if_asked(REVIEWER)
    await reviewer.sees(f"{wanted.short_name} is live. Its payers can pay now.")


async def _pass_own_steps(administrator: Someone, wanted: Institution) -> None:
    await administrator.go(f"{wanted.root}/go-live")
    await administrator.press("I have looked at the fees")
    await administrator.press("Test bill paid and given back")
    await administrator.press("Pay the test bill")
    await administrator.confirm_if_asked(wanted.operator)
    await administrator.page.locator('button[value="pay"]').click()
    await administrator.page.wait_for_load_state("domcontentloaded")
    if administrator.page.url.startswith(administrator.live.sandbox_url):
        await administrator.page.locator(".after a").click()
    await administrator.page.wait_for_url(f"{administrator.live.url}/**")
    await administrator.press("Have the money given back")
    await administrator.confirm_if_asked(wanted.operator)
    while await administrator.page.get_by_role("link", name="Look again", exact=True).count():
        await administrator.press("Look again")
    await administrator.sees("The test has passed.")


async def approve(reviewer: Someone, wanted: Institution) -> None:
    """Decide as the second pair of eyes, with the bank asked once more who that is."""
    await reviewer.sign_in(REVIEWER, "staff", BANK)
    await reviewer.press("Decide now")
    await reviewer.press(wanted.legal_name)
    await reviewer.heading(wanted.legal_name)
    await reviewer.press("Approve")
    await reviewer.confirm_if_asked(REVIEWER)
    await reviewer.sees(f"{wanted.short_name} is ready. Its administrator has been invited.")
    await reviewer.heading(wanted.legal_name)


async def send_back(manager: Someone, reviewer: Someone, wanted: Institution) -> str:
    """Have a second application returned with reasons, which its applicant then reads; return its page."""
    await manager.go(f"{BANK}/applications/new")
    await manager.page.locator('[name="branch_id"]').select_option(index=1)
    await manager.fill(**wanted.fields())
    await manager.press("Save")
    await _hand_in(manager)
    await reviewer.go(manager.page.url)
    await reviewer.fill(reasons="The licence has run out. Please add the new one.")
    await reviewer.press("Return with reasons")
    await reviewer.sees("The application is back with its applicant.")
    await manager.go(manager.page.url)
    await manager.sees_state("Returned")
    await manager.sees("Zhao Min gave these reasons", "The licence has run out. Please add the new one.")
    return manager.page.url


def register_operator(live: Live, wanted: Institution) -> None:
    """Make the institution's operator a customer of the bank, as the bank's own branch would."""
    customer = {
        "id": wanted.operator,
        "kind": "company",
        "name": wanted.operator_name,
        "email": wanted.operator_email,
        "mandates": [wanted.mandate()],
    }
    live.control("customers", {"bank": "harbour", "customers": [customer]})


async def accept(someone: Someone, customer: str, email: str, name: str) -> None:
    """Follow the newest letter's link, sign in with the company login and take the invitation up."""
    letter = someone.live.mail_to(email)
    link = re.search(r"http\S+/invitations/\S+", letter["text"])
    assert link, letter["text"]
    await someone.go(link[0])
    await someone.heading(f"{name} invites you")
    await someone.press("Sign in with the company login")
    await someone.at_bank(customer)
    await someone.press("Accept the invitation")
    await someone.sees(f"Welcome. You now work for {name}.")
