"""The proof of isolation finds nothing, and finds what a control has opened."""

import json
import os
import subprocess
import sys

import pytest

from deploy.isolation import proof
from deploy.isolation.report import Report


def test_a_report_says_what_was_tried_and_every_leak(tmp_path):
    report = Report("1.0")
    section = report.section("Doors", "Every door was tried.")
    section.note(404)
    section.note(200, "somebody got in")
    assert report.as_json()["is_right"] is False
    path = report.write(tmp_path)
    assert "LEAK: somebody got in" in path.read_text()
    assert json.loads((tmp_path / "isolation.json").read_text())["sections"][0]["answers"] == {
        "404": 1,
        "200": 1,
    }


async def test_there_is_no_such_breach():
    with pytest.raises(Exception, match="breach is"):
        await proof.prove("window")


CONTROL = """
import asyncio, json
from deploy import logs
from deploy.isolation import database, machines, proof, walking
from deploy.isolation.report import Report
from deploy.settings import Settings

async def main():
    logs.configure(Settings(log_level="error"))
    found = {}
    async with proof.stage() as stage:
        for breach, part in (("", "both"), ("permission", "rights"), ("policy", "database")):
            report = Report("test")
            async with proof.breached(stage, breach):
                if part != "database":
                    roles = {"auditor"} if breach else {"cashier", "auditor"}
                    await walking.rights(stage.app, stage.there, report, roles)
                if part != "rights":
                    names = {"tenants_account"} if breach else None
                    await database.ask(stage.there, report, names)
                if part == "both":
                    programs = Report("test")
                    await machines.walk(stage.app, stage.there, programs)
                    found["programs"] = [programs.tried, len(programs.leaks), programs.leaks[:3]]
            found[breach] = [report.tried, len(report.leaks), report.leaks[:1]]
    print(json.dumps(found))

asyncio.run(main())
"""


def test_nothing_leaks_and_a_control_that_opens_something_is_found(tmp_path):
    """In a process of its own, since Tortoise's connections are one set per process."""
    ran = subprocess.run(
        [sys.executable, "-c", CONTROL],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"DATA_DIR": str(tmp_path)},
    )
    assert ran.returncode == 0, ran.stderr[-3000:]
    found = json.loads(ran.stdout.splitlines()[-1])
    assert found[""][0] > 500
    assert found[""][1] == 0, found[""]
    assert found["programs"][0] > 100
    assert found["programs"][1] == 0, found["programs"]
    assert found["permission"][1] > 20
    assert found["policy"][1] > 0
    assert "tenants_account" in found["policy"][2][0]
