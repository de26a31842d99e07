"""The measures at a tiny size: what they print, never how fast this machine is."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from deploy import bench
from deploy.bench import cores
from deploy.bench.load import Load
from deploy.errors import OperatorError
from deploy.settings import Settings

ROOT = Path(__file__).parents[2]
MEASURE = """
import asyncio, json, sys
from deploy.bench import run
for line in sys.stdin:
    name, *pairs = line.split()
    print(json.dumps(asyncio.run(run(name, None, dict(pair.split("=") for pair in pairs)))), flush=True)
"""
ALWAYS = {"name", "figure", "unit", "floor", "ratio", "aim", "is_met"}
Measured = Callable[..., dict[str, Any]]


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Measured]:
    """Measure in a process of its own, since it opens connections that the test session must not lose."""
    words = tmp_path_factory.mktemp("bench") / "stderr.txt"
    command = [sys.executable, "-c", MEASURE]
    environ = os.environ | {"DATABASE_URL": "postgresql://nobody@127.0.0.1:1/elsewhere"}
    with (
        words.open("w") as errors,
        subprocess.Popen(
            command,
            cwd=ROOT,
            env=environ,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        ) as child,
    ):
        assert child.stdin
        assert child.stdout
        asked, answers = child.stdin, child.stdout

        def measure(name: str, *options: str) -> dict[str, Any]:
            print(name, *options, file=asked, flush=True)
            line = answers.readline()
            assert line, words.read_text()[-3000:]
            answer: dict[str, Any] = json.loads(line)
            return answer

        yield measure
        child.stdin.close()
        assert child.wait(timeout=60) == 0


def test_pages_are_measured_beside_a_bare_page(measured: Measured) -> None:
    found = measured("pages", "bills=3", "seconds=1", "rounds=1", "connections=2")
    assert set(found) >= ALWAYS
    assert (found["name"], found["unit"], found["bills"]) == ("pages", "requests/s", 3)
    assert found["figure"] > 0
    assert found["floor"] > 0
    assert found["bytes"] > found["floor_bytes"] > 300


def test_bookings_are_measured_on_one_session_and_on_many_beside_a_page(measured: Measured) -> None:
    found = measured(
        "booking", "bookings=16", "sessions=4", "doctors=6", "days=2", "departments=2",
        "seconds=1", "rounds=1", "connections=2",
    )  # fmt: skip
    assert set(found) >= ALWAYS
    assert found["is_stock_exact"] is True
    for name in ("one", "many"):
        assert found["rates"][name]["floor"] > found["rates"][name]["figure"] > 0
    assert found["page"]["floor"] > 0
    assert found["page"]["bytes"] > found["page"]["floor_bytes"] > 300


def test_receipts_are_measured_in_time_and_size(measured: Measured) -> None:
    found = measured("receipts", "receipts=8", "lines=3")
    assert set(found) >= ALWAYS
    assert found["receipts"] == 8
    assert 5_000 < found["bytes"] < found["most_bytes"] == 100_000
    assert found["figure"] > found["floor"] > 0


def test_the_open_api_is_measured_beside_bare_statements(measured: Measured) -> None:
    found = measured("api", "requests=20", "at_once=4", "rounds=1", "accounts=3", "installations=2")
    assert found.keys() >= ALWAYS
    assert (found["name"], found["unit"], found["installations"]) == ("api", "requests/s", 2)


def test_token_requests_are_measured_beside_their_bare_storage(measured: Measured) -> None:
    found = measured("token", "requests=20", "at_once=4", "rounds=1")
    assert set(found) >= ALWAYS
    assert (found["name"], found["unit"], found["at_once"]) == ("token", "requests/s", 4)
    assert min(found["floor"], found["figure"]) > 0
    assert found["median_ms"] > 0


def test_an_import_is_measured_beside_bare_reading_and_inserting(measured: Measured) -> None:
    found = measured("import", "rows=300", "wrong_every=50")
    assert set(found) >= ALWAYS
    assert (found["name"], found["unit"]) == ("import", "rows/s")
    for way in (found, found["xlsx"]):
        assert way["refused"] == 6
        assert way["accounts"] == way["floor_accounts"] == 294
        assert way["ratio"] > 0


def test_a_bill_run_is_measured_beside_its_bare_rows_and_somebody_elses_payments(measured: Measured) -> None:
    blocks = ROOT / "deploy" / "seed" / "data" / "tengah.csv"
    found = measured(
        "bill_run", f"blocks={blocks}", "accounts=100", "payments=120", "each_ms=20", "before_s=1"
    )
    assert set(found) >= ALWAYS
    assert found["bills"] == found["accounts"] >= 100
    assert found["rows"] == 5 * found["bills"]
    assert found["payments_before"]["payments"] > 0
    assert 0 < found["memory_mb"] < 1000


def test_payments_are_measured_beside_pgbench_and_each_arrives_whole(measured: Measured) -> None:
    found = measured(
        "pay", "payments=130", "tenants=3", "connections=2", "processes=1", "seconds=1", "scale=1"
    )
    assert set(found) >= ALWAYS
    assert (found["name"], found["unit"]) == ("pay", "payments/s")
    for way in ("hot", "wide"):
        assert found[way]["figure"] > 0
        assert found[way]["p99_ms"] >= found[way]["median_ms"] > 0


@pytest.mark.parametrize(
    ("name", "options", "complaint"),
    [
        ("bill_run", {}, "blocks=/path"),
        ("bill_run", {"blocks": "/nowhere/blocks.csv"}, "no file of blocks"),
        ("speed", {}, "choose api or bill_run or pages"),
        ("pages", {"pages": "3"}, "no option of pages"),
        ("import", {"rows": "many"}, "whole numbers"),
        ("import", {"rows": "0"}, "whole numbers"),
        ("import", {"rows": "-5"}, "whole numbers"),
    ],
)
async def test_what_cannot_be_measured_is_a_sentence(
    tmp_path: Path, name: str, options: dict[str, str], complaint: str
) -> None:
    with pytest.raises(OperatorError, match=complaint):
        await bench.run(name, Settings(data_dir=tmp_path), options)


def test_stretches_of_load_are_counted_together() -> None:
    load = Load(1.0, [0.01] * 100, 10)
    load.add(Load(3.0, [0.03] * 300, 20))
    assert load.per_second == 100
    assert load.within_ms(50) == 30.0
    assert load.bytes_each == 20


@pytest.mark.skipif(not cores.can_pin(), reason="this machine cannot hold a process to a core")
def test_what_is_measured_stays_on_one_core_and_who_measures_comes_back() -> None:
    command = cores.on_first([sys.executable, "-c", "import os; print(len(os.sched_getaffinity(0)))"])
    assert subprocess.run(command, check=True, capture_output=True, text=True).stdout == "1\n"
    before = os.sched_getaffinity(0)
    with cores.on_others():
        assert min(before) not in os.sched_getaffinity(0)
    assert os.sched_getaffinity(0) == before


def test_tickets_are_measured_beside_bare_sql_and_the_stock_is_exact(measured: Measured) -> None:
    found = measured("tickets", "orders=6", "checkouts=3", "redemptions=6", "at_once=2", "verdicts=4", "pages=4",
        "days=40",
    )  # fmt: skip
    assert set(found) >= ALWAYS
    assert found["is_stock_exact"] is True
    assert set(found["rates"]) == {"orders", "checkouts", "redemptions"}
    assert all(rate["figure"] > 0 and rate["floor"] > 0 for rate in found["rates"].values())


def test_very_many_institutions_are_as_the_product_makes_them(measured: Measured) -> None:
    found = measured("tenants", "tenants=6", "few=3", "accounts=6", "large=9", "rounds=1")
    assert found.keys() >= {"figure", "ratios", "control", "plans", "is_met"}
    wrong = dict.fromkeys(("without_rule", "differences", "faults", "sums_changed"), 0)
    assert found["checked"] == {"institutions": 4, "lines": 12, **wrong}, "drafts are not looked at"
    counts = {name: table[0] for name, table in found["filled"]["tables"].items()}
    assert counts["tenants_account"] == counts["billing_bill"] == counts["billing_bill_line"] == 36
    assert counts["billing_posting"] == 3 * (6 * 2 + 4 * 2), (
        "half have issued, and four bills of each are paid"
    )
