"""The documentation says what the code does, and no statement forgets what was let off."""

import re
from pathlib import Path

import pytest

import billing
from billing.adjustments.kinds import KINDS
from billing.adjustments.states import MACHINES
from billing.payments.states import Machine, StateError, diagram, table

ROOM = Path(billing.__file__).parent
README = (ROOM / "adjustments" / "README.md").read_text(encoding="utf-8")
LEFT = re.compile(
    r"\b(total|amount)_minor\b(?:\s*-\s*|\s*>\s*)(?:[a-z]+\.)?paid_minor\b(?P<after>.{0,40})", re.DOTALL
)


@pytest.mark.parametrize("machine", MACHINES, ids=lambda machine: machine.name)
def test_the_documentation_draws_the_states_that_run(machine: Machine):
    assert table(machine) in README
    assert diagram(machine) in README


@pytest.mark.parametrize("machine", MACHINES, ids=lambda machine: machine.name)
def test_every_move_that_has_no_edge_is_refused(machine: Machine):
    for edge in machine.edges:
        for state in machine.states:
            if machine.can(state, edge):
                assert machine.after(state, edge) == machine.edges[edge].target
            else:
                with pytest.raises(StateError):
                    machine.after(state, edge)


def test_the_kinds_are_documented_in_their_order():
    found = re.findall(r"^\| `(\w+)` \| (?:charges|late fees|any line)", README, flags=re.MULTILINE)
    assert found == list(KINDS)


def forgetful(text: str) -> list[str]:
    """Return the places that take what is paid from what was billed and forget what was let off."""
    return [found[0] for found in LEFT.finditer(text) if "adjusted_minor" not in found["after"]]


def test_the_net_for_forgetful_statements_has_no_hole():
    assert forgetful("sum(b.total_minor - b.paid_minor)") == ["total_minor - b.paid_minor)"]
    assert forgetful("where l.amount_minor > l.paid_minor") == ["amount_minor > l.paid_minor"]
    assert forgetful("b.total_minor - b.paid_minor - b.adjusted_minor") == []


def test_what_is_left_to_pay_is_less_what_was_let_off_everywhere():
    rooms = [ROOM, ROOM.parent / "scenarios", ROOM.parent / "deploy"]
    files = [path for room in rooms for path in room.rglob("*.py") if path.name != "past.py"]
    assert {
        path.name: found for path in files if (found := forgetful(path.read_text(encoding="utf-8")))
    } == {}
