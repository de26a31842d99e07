"""The product as a process with apps in it, and other people's libraries beside it.

The libraries are installed by ``deploy/test`` into ``.clients``, outside the product's own environment.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote
from uuid import UUID

import httpx
import httpx2
import pytest
import pytest_asyncio
from joserfc.jwk import KeySet, RSAKey

from deploy.settings import Settings
from integrations.apps.launching.service import Wish, open_app
from integrations.apps.scim import tokens
from integrations.apps.tenant_models import Installation
from integrations.provider import keys
from scenarios.education.models import SchoolClass, SchoolConsent
from tenants.ids import new_id
from tenants.models import Account, Person
from tenants.scope import open_scope, person_scope, tenant_scope
from tests import make
from tests.asking import HTTP
from tests.deploy.conftest import find_free_port
from tests.integrations.provider.conftest import HERE, Made, install, listed
from tests.scenarios.education import world

FOLDER = Path(__file__).parent
CLIENTS = Path(__file__).parents[3] / ".clients"
LOGIN = "https://app.example/login"
BYE = "https://app.example/bye"
START_SECONDS = 120


def need(path: Path) -> None:
    """Skip where the libraries could not be installed for want of a network; CI has one."""
    if path.exists():
        return
    if os.environ.get("CI"):
        pytest.fail(f"{path} is missing: deploy/test installs it")
    pytest.skip("other people's clients are not installed here: run deploy/test with a network")


@dataclass
class Shop:
    """The running product, and who signs in to which apps of it."""

    url: str
    bank: make.Bank
    tenant: Any
    staff: Any
    apps: dict[str, dict[str, Any]] = field(default_factory=dict)

    async def app(self, name: str, **given: Any) -> Made:
        """List and install an app that the scripts know by this name."""
        made = await listed(self.bank, post_logout_redirect_uris=[BYE], **given)
        await install(made, self.tenant)
        self.apps[name] = {
            "client_id": made.client_id,
            "secret": made.secret,
            "redirect_uri": made.version.redirect_uris[0],
            "bye": BYE,
            "jwk": made.key.as_dict(private=True),
        }
        return made

    async def tool(self) -> str:
        """List and install an LTI tool, and return the address at which our page opens it now."""
        key = RSAKey.generate_key(2048)
        key.ensure_kid()  # its thumbprint, as the tool names it
        keys_of_tool = KeySet([key]).as_dict(private=False)
        made = await self.app(
            "lti", protocols=["lti"], auth_method="private_key_jwt", jwks=keys_of_tool, launch_uri=LOGIN
        )
        async with open_scope(tenant_scope(self.tenant.id)):
            installation = await Installation.get(tenant_id=self.tenant.id, app_id=made.app.id)
            opening = await open_app(self.staff, installation.id, Wish())
        self.apps["lti"] |= {
            "deployment": str(installation.id),
            "pem": key.as_pem(private=True).decode(),
            "public_pem": key.as_pem(private=False).decode(),
        }
        return self.from_there(opening.url)

    async def classroom_tool(self) -> str:
        """List and install an LTI tool in a school; return what its script needs to know of a class there."""
        key = RSAKey.generate_key(2048)
        key.ensure_kid()
        keys_of_tool = KeySet([key]).as_dict(private=False)
        school, head = await world.school(self.bank)
        await world.bring_in(school, head, world.table(world.pupil("A1", "Ah Kow")))
        tool = Shop(self.url, self.bank, school, head)
        made = await tool.app(
            "lti", protocols=["lti"], auth_method="private_key_jwt", jwks=keys_of_tool, launch_uri=LOGIN
        )
        async with open_scope(tenant_scope(school.id)):
            installation = await Installation.get(tenant_id=school.id, app_id=made.app.id)
            mine = await SchoolClass.get(tenant_id=school.id, title="3A")
            pupil = await Account.get(tenant_id=school.id, number="A1")
            await SchoolConsent.create(
                tenant_id=school.id, account_id=pupil.id, purpose="names", person_id=new_id(), person_name="Tan",
                relation="guardian", words="Tools of the class may know my child's name.", is_given=True,
            )  # fmt: skip
        facts = {
            "deployment": str(installation.id),
            "pem": key.as_pem(private=True).decode(),
            "public_pem": key.as_pem(private=False).decode(),
        }
        tool.apps["lti"] |= facts
        root = f"{self.url}/t/{school.slug}/apps/{installation.id}"
        return await tool.told(picking=f"{root}?picking=1&record_kind=class&record_id={mine.id}")

    async def hospital_tool(self, patient: UUID) -> str:
        """List and install a SMART tool, and return the address at which our page opens it on a patient."""
        made = await self.app("smart", protocols=["smart"], launch_uri="https://app.example/launch")
        async with open_scope(tenant_scope(self.tenant.id)):
            installation = await Installation.get(tenant_id=self.tenant.id, app_id=made.app.id)
            opening = await open_app(self.staff, installation.id, Wish("", "account", patient))
        return self.from_there(opening.url)

    async def directory(self) -> str:
        """List and install an app that keeps the staff; return what its script needs to know."""
        made = await self.app("directory")
        async with open_scope(tenant_scope(self.tenant.id)):
            await Installation.filter(app_id=made.app.id).update(entry_role="front_desk")
            installation = await Installation.get(tenant_id=self.tenant.id, app_id=made.app.id)
            token = await tokens.make(self.staff, installation, made.app)
        return await self.told(scim=f"{self.url}/scim/v2/{installation.id}", token=token)

    def from_there(self, url: str) -> str:
        """Return an address as the running product would give it, whose name for itself is another than ours here."""
        return url.replace(quote(HERE, safe=""), quote(self.url, safe=""))

    async def told(self, **further: Any) -> str:
        """What a script is told, with a new session of the member of staff."""
        async with httpx2.AsyncClient(base_url=self.url) as browser:
            cookie = await make.sign_in(browser, self.staff.person_id)
        told = {
            "issuer": self.url,
            "clients": str(CLIENTS),
            "cookie": cookie,
            "name": "Mei Lim",
            "apps": self.apps,
        }
        return json.dumps(told | further)


@pytest.fixture(scope="session")
def served(settings: Settings, migrated: str) -> Iterator[str]:
    """The web process, on this test process's database."""
    url = f"http://127.0.0.1:{(port := find_free_port())}"
    chosen = settings.model_copy(update={"port": port, "public_url": url, "log_level": "warning"})
    env = os.environ | chosen.environ()
    with subprocess.Popen([sys.executable, "-m", "deploy", "serve"], env=env) as process:
        try:
            _wait(url, process)
            yield url
        finally:
            process.terminate()


def _wait(url: str, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end and process.poll() is None:
        try:
            HTTP.get(f"{url}/healthz")
        except httpx.HTTPError:
            time.sleep(0.1)
        else:
            return
    raise AssertionError("the product did not start")


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def shop(committed: None, bank: make.Bank, served: str) -> Shop:
    keys.forget()
    tenant = await make.tenant(bank)
    staff = await make.staff(tenant, "administrator")
    async with open_scope(person_scope(staff.person_id)):
        await Person.filter(id=staff.person_id).update(email="mei@bank.example")
    found = Shop(served, bank, tenant, staff)
    await found.app("basic")
    await found.app("strict", profile="strict", auth_method="private_key_jwt")
    await found.app("fapi2", profile="fapi2", auth_method="private_key_jwt")
    await found.app("django", redirect_uris=["http://rp.example/oidc/callback/"])
    await found.app("idpy")
    return found


def run_node(script: str, told: str) -> list[dict[str, Any]]:
    """Run a script; return its steps."""
    need(CLIENTS / "node_modules" / "openid-client")
    node = shutil.which("node")
    assert node, "deploy/test installs node"
    return list(_run([node, str(FOLDER / script)], told, {}))


def run_python(script: str, told: str) -> dict[str, Any]:
    """Run a script with the libraries of ``.clients`` before our own; return what it found."""
    need(CLIENTS / "python")
    env = {"PYTHONPATH": f"{CLIENTS / 'python'}{os.pathsep}{FOLDER}", "PYTHONSAFEPATH": "1"}
    return dict(_run([sys.executable, str(FOLDER / script)], told, env))


def _run(command: list[str], told: str, env: dict[str, str]) -> Any:
    with tempfile.TemporaryDirectory() as folder:  # some libraries write where they are started
        ran = subprocess.run(
            command,
            env=os.environ | env | {"TOLD": told},
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
            cwd=folder,
        )
    assert ran.returncode == 0, ran.stderr[-4000:]
    return json.loads(ran.stdout.splitlines()[-1])
