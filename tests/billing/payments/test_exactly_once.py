"""The table of dangers names tests that exist, a control wherever a lock or a constraint is the mechanism."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[3]
TABLE = ROOT / "billing" / "payments" / "EXACTLY_ONCE.md"
DANGERS = 26


def rows():
    lines = [line for line in TABLE.read_text().splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line[1:-1].split("|")] for line in lines[2:]]


def names_of_all():
    found: dict[str, set[str]] = {}
    for path in (ROOT / "tests").rglob("test_*.py"):
        found.setdefault(path.name, set()).update(
            re.findall(r"^(?:async )?def (test_\w+)", path.read_text(), re.MULTILINE)
        )
    return found


def test_every_danger_has_tests_that_exist():
    known = names_of_all()
    assert len(rows()) == DANGERS
    for danger, _, _, tests, control in rows():
        named = re.findall(r"`(test_\w+\.py)::(test_\w+)`", tests + control)
        assert named, danger
        assert not [each for each in named if each[1] not in known.get(each[0], set())], danger


def test_every_lock_and_constraint_has_a_control():
    for danger, mechanism, _, _, control in rows():
        needs = re.search(r"unique|lock", mechanism)
        assert bool(control) or not needs, danger
