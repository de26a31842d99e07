"""The page “Add an industry in an hour” keeps its word: the folder is made from its own text, and does what it says."""

import importlib
import re
import sys
from pathlib import Path

import httpx2
import pytest
import pytest_asyncio
from tortoise.models import Model

import scenarios
from billing import catalogue
from billing.charges import runs
from billing.models import Bill, FeeItem
from deploy.app import create
from scenarios import registry
from tenants import kinds, navigation
from tenants.scope import open_scope, tenant_scope
from tests import make
from tests.jobs import run_due
from tests.page import inspect, text_of
from tests.scenarios.education.world import account_to_be_paid_to
from tests.tenants.imports.uploads import Desk
from ui.catalogues import check, extract
from ui.i18n import catalogue_files
from ui.templating import environment

PAGE = Path(scenarios.__file__ or "").parent / "ADDING.md"
BLOCK = re.compile(r"```(\w+)\n(.*?)```", re.DOTALL)
TOLD = {"migrations", "seed", "sandbox", "bench"}
"""Where the demonstration, its outside world and the measures are told of all industries, and the chain of tables."""
NAMED = re.compile(r"\A(?:# |\{# )(scenarios/library/\S+)(?: #\})?\n")


def blocks() -> list[tuple[str, str]]:
    return BLOCK.findall(PAGE.read_text())


@pytest.fixture
def library(tmp_path, monkeypatch):
    """The scenario that the page's blocks and its one line of the registry make, known for this test alone."""
    folder = tmp_path / "library"
    folder.mkdir()
    for _, text in blocks():
        if named := NAMED.match(text):
            path = tmp_path / named.group(1).removeprefix("scenarios/")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text[named.end() :])
    monkeypatch.setattr(scenarios, "__path__", [*scenarios.__path__, str(tmp_path)])
    loader = environment().loader
    monkeypatch.setattr(loader, "searchpath", [*loader.searchpath, str(folder / "templates")])
    monkeypatch.setattr(navigation, "TENANT_PLACES", list(navigation.TENANT_PLACES))
    monkeypatch.setattr(kinds, "SCENARIOS", kinds.SCENARIOS)
    monkeypatch.setattr(registry, "SCENARIO_PACKAGES", (*registry.SCENARIO_PACKAGES, "scenarios.library"))
    yield importlib.import_module("scenarios.library.scenario").SCENARIO
    for name in [name for name in sys.modules if name.startswith("scenarios.library")]:
        del sys.modules[name]
    kinds.SCENARIOS.pop("library", None)
    catalogue.TEMPLATES.pop("library", None)


@pytest_asyncio.fixture(loop_scope="session")
async def client(library, settings, db):
    app = create(settings, scenarios=registry.load(), has_lifespan=False)
    headers = {"Sec-Fetch-Site": "same-origin", "Accept": "text/html", "Accept-Language": "en"}
    transport = httpx2.ASGITransport(app=app)
    async with httpx2.AsyncClient(transport=transport, base_url="http://cloud.test", headers=headers) as made:
        yield made


async def bill(tenant, staff) -> int:
    async with open_scope(tenant_scope(tenant.id)):
        items = await FeeItem.filter(tenant_id=tenant.id, key="card")
        first = tenant.live_at.date().replace(day=1)
        run = await runs.start(
            staff, scenario="library", period=first, due_on=first.replace(day=28),
            fee_item_ids=[item.id for item in items],
        )  # fmt: skip
    await run_due(tenant.id)
    async with open_scope(tenant_scope(tenant.id)):
        drafted = await runs.get(staff, run.id)
        act = runs.request_issue if drafted.bill_count else runs.cancel
        await act(staff, run.id)
    await run_due(tenant.id)
    return int(drafted.bill_count)


async def test_the_page_makes_an_industry_that_does_what_it_says(client, bank):
    tenant = await make.tenant(bank, scenario="library")
    staff = await make.staff(tenant)
    await account_to_be_paid_to(tenant)
    await make.sign_in(client, staff.person_id)
    readers = f"/t/{tenant.slug}/readers"
    assert "No readers yet" in text_of(inspect((await client.get(readers)).text))
    assert readers in (await client.get(f"/t/{tenant.slug}")).text, "it has its place in the rail"
    table = next(text for kind, text in blocks() if kind == "csv").encode()
    desk = Desk(client, tenant, "library_readers")
    done = await desk.bring_in(table, "readers.csv")
    assert (done.counts["added"], done.counts["refused"]) == (3, 0)
    assert (await desk.check(table, "readers.csv")).counts["unchanged"] == 3
    assert "Bo Tan" in text_of(inspect((await client.get(readers)).text))
    assert "L-3" in (await client.get(f"{readers}?export=csv")).text
    assert [await bill(tenant, staff), await bill(tenant, staff)] == [3, 0]
    async with open_scope(tenant_scope(tenant.id)):
        bills = await Bill.filter(tenant_id=tenant.id).order_by("account_number")
    said = re.search(r"drafts the cards: ([\d.]+), ([\d.]+) and ([\d.]+)\.\s", PAGE.read_text())
    assert said is not None
    assert [f"{one.total_minor / 100:.2f}" for one in bills] == list(said.groups())
    stranger = await make.tenant(bank, scenario="library")
    assert (await client.get(f"/t/{stranger.slug}/readers")).status_code == 404
    other = await make.tenant(bank)
    await make.sign_in(client, (await make.staff(other)).person_id)
    assert "Bo Tan" not in (await client.get(f"/t/{other.slug}/readers")).text


def test_it_starts_without_tables_of_its_own(library):
    assert library in registry.load()
    modules = registry.model_modules()
    assert "scenarios.education.models" in modules
    assert not [name for name in modules if "library" in name], "it has none, so that none is looked for"


def test_nothing_beneath_knows_the_tables_of_an_industry():
    """A fifth industry touches its own folder and the registry: no list elsewhere waits for its tables."""
    root = Path(scenarios.__file__ or "").parent.parent
    keys = "|".join(one.key for one in registry.load())
    named = re.compile(rf"\b(?:{keys})_[a-z_]+")
    folders = ("ui", "tenants", "billing", "integrations", "deploy")
    files = [path for folder in folders for path in (root / folder).rglob("*.py")]
    asked = [path for path in files if not TOLD.intersection(path.relative_to(root).parts)]
    assert len(asked) > 500
    told = [vars(importlib.import_module(name)).values() for name in registry.model_modules()]
    models = [one for found in told for one in found if isinstance(one, type) and issubclass(one, Model)]
    known = {one._meta.db_table for one in models}
    found = {str(path): known.intersection(named.findall(path.read_text())) for path in asked}
    assert {path: names for path, names in found.items() if names} == {}


def test_no_industry_knows_another():
    folder = Path(scenarios.__file__ or "").parent
    keys = {package.rpartition(".")[2] for package in registry.SCENARIO_PACKAGES}
    known = {
        str(path): others
        for key in keys
        for path in (folder / key).rglob("*.py")
        if (others := {other for other in keys - {key} if f"scenarios.{other}" in path.read_text()})
    }
    assert known == {}


def test_what_it_says_is_said_in_chinese(library, tmp_path):
    files = [*catalogue_files("zh_CN"), *tmp_path.rglob("*.po")]
    found = check(extract([tmp_path / "library"]), files, "zh_CN")
    assert [str(one) for one in found if "no zh_CN" in str(one) or "library.po" in str(one)] == []
