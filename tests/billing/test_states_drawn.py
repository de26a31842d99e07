"""Every machine of the money's rows is drawn in the documentation as it runs, and makes no move but its own."""

import importlib
import pkgutil
from collections.abc import Iterator
from pathlib import Path

import pytest

import billing
from tenants.states import Edge, Machine, StateError, diagram, table

ROOM = Path(billing.__file__).parent


def machines() -> Iterator[Machine]:
    """Return each machine once, whichever module it is made in: one that nobody has drawn yet is among them."""
    seen: set[int] = set()
    for found in pkgutil.walk_packages(billing.__path__, "billing."):
        for made in vars(importlib.import_module(found.name)).values():
            if isinstance(made, Machine) and id(made) not in seen:
                seen.add(id(made))
                yield made


MACHINES = sorted(machines(), key=lambda machine: machine.name)
TEXT = "\n".join(page.read_text(encoding="utf-8") for page in sorted(ROOM.rglob("*.md")))


def is_drawn(machine: Machine, text: str) -> bool:
    return table(machine) in text and diagram(machine) in text


@pytest.mark.parametrize("machine", MACHINES, ids=lambda machine: machine.name)
def test_the_documentation_draws_what_runs(machine: Machine):
    assert is_drawn(machine, TEXT)


def test_a_machine_that_nobody_has_drawn_is_found():
    complaint = next(machine for machine in MACHINES if machine.name == "complaint")
    other = Machine(
        complaint.name, complaint.start, {**complaint.edges, "forget": Edge(("closed",), "gone", "")}
    )
    assert is_drawn(complaint, TEXT)
    assert not is_drawn(other, TEXT)


@pytest.mark.parametrize("machine", MACHINES, ids=lambda machine: machine.name)
def test_every_edge_leaves_its_sources_and_no_other_state(machine: Machine):
    for edge, made in machine.edges.items():
        for state in machine.states:
            if state in made.sources:
                assert machine.after(state, edge) == made.target
            else:
                with pytest.raises(StateError):
                    machine.after(state, edge)


@pytest.mark.parametrize("machine", MACHINES, ids=lambda machine: machine.name)
def test_every_state_is_reached_from_the_start(machine: Machine):
    reached = {machine.start, *machine.or_start}
    for _ in machine.states:
        reached |= {edge.target for edge in machine.edges.values() if not reached.isdisjoint(edge.sources)}
    assert reached == set(machine.states)
