"""Every edge is taken from where it may be and refused from everywhere else; the documentation is drawn from them."""

from pathlib import Path

import pytest

from billing.payments.states import StateError, diagram, table
from scenarios.tourism.orders.states import LIVES

README = Path(__file__).parents[3] / "scenarios" / "tourism" / "README.md"


@pytest.mark.parametrize("machine", LIVES, ids=lambda machine: machine.name)
def test_every_edge_leaves_only_its_own_states(machine):
    for name, edge in machine.edges.items():
        for state in machine.states:
            if state in edge.sources:
                assert machine.after(state, name) == edge.target
            else:
                with pytest.raises(StateError):
                    machine.after(state, name)


@pytest.mark.parametrize("machine", LIVES, ids=lambda machine: machine.name)
def test_the_documentation_is_drawn_from_them(machine):
    text = README.read_text()
    assert table(machine) in text
    assert diagram(machine) in text
