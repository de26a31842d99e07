"""Whom the bank asks, played in memory."""

from dataclasses import dataclass, field

import pytest

from tenants.models import BankPolicy
from tenants.onboarding import ports
from tenants.onboarding.checklist import BEFORE_APPROVAL, BEFORE_LIVE
from tenants.onboarding.ports import Entry, Hit, Remittance, SilentError
from tenants.scope import bank_scope, open_scope
from tests import make


@dataclass
class Played:
    """A registry, lists and account proofs that say what a test wants."""

    entries: dict[str, Entry] = field(default_factory=dict)
    listed: list[str] = field(default_factory=list)
    sent: dict[str, int] = field(default_factory=dict)
    came: list[Remittance] = field(default_factory=list)
    returned: list[str] = field(default_factory=list)
    is_silent: bool = False

    async def look_up(self, uscc):
        self._answer()
        return self.entries.get(uscc)

    async def screen(self, names):
        self._answer()
        return [Hit(name, "sanctions", "Test list", "2024-01-01") for name in names if name in self.listed]

    async def send(self, *, reference, **account):
        self._answer()
        assert account["account_number"]
        self.sent.setdefault(reference, 42)

    async def is_amount(self, reference, amount_minor):
        self._answer()
        return self.sent[reference] == amount_minor

    async def received(self, reference):
        self._answer()
        assert reference
        return self.came

    async def give_back(self, remittance_id):
        self.returned.append(remittance_id)

    def _answer(self):
        if self.is_silent:
            raise SilentError("played")


@pytest.fixture
def played(db):
    found = Played()
    ports.use(ports.Outside(found, found, found))
    yield found
    ports.use(None)


@pytest.fixture
async def people(db, bank):
    return (
        await make.bank_staff(bank, "relationship_manager", "Ravi Kumar"),
        await make.bank_staff(bank, "reviewer", "Rui Ong"),
    )


@pytest.fixture
async def careful(db, bank):
    """The bank asks for everything."""
    async with open_scope(bank_scope(bank.id)):
        return await BankPolicy.create(
            bank_id=bank.id,
            before_approval=list(BEFORE_APPROVAL),
            before_live=list(BEFORE_LIVE),
            weights={"volume": 100},
        )
