import re
import tomllib
from importlib.metadata import version
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

PROJECT = Path(__file__).resolve().parents[2]
PYPROJECT = tomllib.loads((PROJECT / "pyproject.toml").read_text())
LINES = (PROJECT / "requirements.lock").read_text().splitlines()
PINS = {canonicalize_name(line.split("==")[0]): line.split("==")[1] for line in LINES if "==" in line}


def wanted() -> list[Requirement]:
    project = PYPROJECT["project"]
    return [
        Requirement(text) for text in (*project["dependencies"], *project["optional-dependencies"]["test"])
    ]


def test_the_lock_pins_everything_that_is_asked_for() -> None:
    assert [r.name for r in wanted() if canonicalize_name(r.name) not in PINS] == []


def test_the_lock_is_plain_pins_in_order() -> None:
    assert LINES[0].startswith("# ")
    assert "bash deploy/lock" in LINES[0]
    assert [line for line in LINES[1:] if not re.fullmatch(r"[A-Za-z0-9._-]+==[A-Za-z0-9.+!]+", line)] == []
    assert LINES[1:] == sorted(LINES[1:], key=str.lower)


@pytest.mark.parametrize("name", ["starlette", "tortoise-orm", "granian", "asyncpg", "pydantic"])
def test_what_is_installed_is_what_is_locked(name: str) -> None:
    assert version(name) == PINS[canonicalize_name(name)]


def documents() -> list[tuple[str, dict[str, object]]]:
    files = sorted((PROJECT / "deploy" / "cluster").glob("*.yaml"))
    return [(file.name, found) for file in files for found in yaml.safe_load_all(file.read_text()) if found]


def pods() -> list[tuple[str, dict[str, object]]]:
    templates = []
    for _, found in documents():
        spec = found.get("spec")
        if isinstance(spec, dict) and "template" in spec:
            templates.append((str(found["metadata"]["name"]), spec["template"]["spec"]))
    return templates


def test_the_cluster_has_its_parts() -> None:
    kinds = {(found["kind"], found["metadata"]["name"]) for _, found in documents()}
    assert {("Deployment", "cloud-web"), ("Deployment", "cloud-worker"), ("Job", "cloud-migrate")} <= kinds


@pytest.mark.parametrize(("name", "spec"), pods())
def test_no_pod_runs_as_root_or_holds_the_owners_password_without_need(
    name: str, spec: dict[str, list[dict[str, dict[str, object]]]]
) -> None:
    container = spec["containers"][0]
    assert container["securityContext"]["runAsNonRoot"] is True
    assert container["securityContext"]["allowPrivilegeEscalation"] is False
    assert ("DATABASE_OWNER_URL" in str(container["env"])) is (name == "cloud-migrate")
