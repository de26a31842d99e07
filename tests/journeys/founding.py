"""A bank with its staff on an empty product, made as an operator would: by the product's own functions.

It runs as a process of its own (``python -m tests.journeys.founding``), so that its connections and settings
are not those of the test process.
"""

import asyncio
import os
import subprocess
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from tests.journeys.live import ROOT, Live

SLUG, CLIENT, SECRET = "harbour", "scenario-cloud", "sandbox-client-secret"


@dataclass(frozen=True)
class Founding:
    """Who is who at the sandbox's bank."""

    manager: str = "staff-wen"
    reviewer: str = "staff-zhao"
    administrator: str = "staff-lim"


STAFF = (
    ("staff-wen", "Wen Rui", "relationship_manager"),
    ("staff-zhao", "Zhao Min", "reviewer"),
    ("staff-lim", "Lim Kai", "administrator"),
)


def found(live: Live) -> Founding:
    """Found the bank and tell the sandbox about us and the third of its staff."""
    callback = f"{live.url}/sign-in/callback"
    client = {"client_id": CLIENT, "client_secret": SECRET, "name": "Scenario Cloud"}
    addresses = {"redirect_uris": [callback], "post_logout_redirect_uris": [f"{live.url}/"]}
    live.control("clients", {"bank": SLUG, "clients": [client | addresses]})
    lim = {"id": "staff-lim", "kind": "staff", "name": "Lim Kai", "staff_id": "H0300"}
    live.control("customers", {"bank": SLUG, "customers": [lim]})
    command = [sys.executable, "-m", "tests.journeys.founding", str(live.data_dir), str(live.port)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    return Founding()


async def _work(data_dir: Path, port: int) -> None:
    from deploy import composition  # noqa: PLC0415 - slow to import, and only here
    from deploy.database import connected  # noqa: PLC0415
    from deploy.settings import Settings  # noqa: PLC0415
    from integrations.sign_in.provider import save_provider  # noqa: PLC0415
    from scenarios import registry  # noqa: PLC0415
    from tests import make  # noqa: PLC0415

    settings = Settings(data_dir=data_dir, port=port)
    composition.compose(settings, registry.load())
    bank = await make.bank_as_owner(settings.database_owner_url.get_secret_value(), SLUG)
    issuer = f"{settings.sandbox_url}/oidc/{SLUG}"
    async with connected(settings.database_url.get_secret_value()):
        await save_provider(bank.id, issuer, CLIENT, SECRET)
        for customer, name, role in STAFF:
            await _employ(bank, issuer, customer, name, role)


async def _employ(bank, issuer: str, customer: str, name: str, role: str) -> None:
    from integrations.sign_in.people import Proven, person_of  # noqa: PLC0415
    from tenants.models import BankMembership  # noqa: PLC0415
    from tenants.scope import bank_scope, open_scope  # noqa: PLC0415

    identity = await person_of(Proven(issuer, customer, "staff", name))
    async with open_scope(bank_scope(bank.id)):
        await BankMembership.create(
            bank_id=bank.id,
            person_id=identity.person_id,
            role=role,
            name=name,
            email=f"{customer}@harbour.example",
        )


if __name__ == "__main__":
    started = datetime.now(UTC)
    asyncio.run(_work(Path(sys.argv[1]), int(sys.argv[2])))
    sys.stdout.write(f"{os.getpid()}: founded in {(datetime.now(UTC) - started).total_seconds():.1f} s\n")
