"""The scenarios of this deployment: one line each."""

import importlib
from importlib.util import find_spec

from starlette.routing import BaseRoute

from billing import catalogue
from scenarios.contract import Scenario
from tenants import kinds
from tenants.navigation import add_tenant_places
from tenants.permissions import add_rights
from tenants.provisioning import add_provisioner, add_sampler

SCENARIO_PACKAGES = (
    "scenarios.community",
    "scenarios.education",
    "scenarios.hospital",
    "scenarios.tourism",
)


def model_modules() -> list[str]:
    """Return the modules that hold scenario tables, for the database configuration; not every scenario has any."""
    return [name for package in SCENARIO_PACKAGES if find_spec(name := f"{package}.models")]


def load() -> list[Scenario]:
    """Return every scenario; each package's ``scenario`` module names its own ``SCENARIO``."""
    return [importlib.import_module(f"{package}.scenario").SCENARIO for package in SCENARIO_PACKAGES]


def install(scenario: Scenario) -> None:
    """Teach the rooms below about a scenario; safe to call again."""
    kinds.register(scenario.kinds)
    catalogue.register(scenario.key, tuple(scenario.fee_templates))
    add_rights(scenario.key, scenario.rights)
    add_tenant_places(*scenario.places)
    if scenario.provision:
        add_provisioner(scenario.provision, scenario=scenario.key)
    if scenario.sample:
        add_sampler(scenario.sample, scenario=scenario.key)


def routes(scenarios: list[Scenario]) -> list[BaseRoute]:
    """Return the scenarios' own routes."""
    return [route for scenario in scenarios for route in scenario.routes]
