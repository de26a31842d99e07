"""The lives of shares as data, drawn in the documentation as they run."""

from pathlib import Path

import pytest

from billing.models import Share, ShareReturn
from billing.payments.states import StateError, diagram, table
from billing.splits.states import MACHINES, move

EDGES = [(m, name, state) for m in MACHINES for name in m.edges for state in m.states]


@pytest.mark.parametrize(("machine", "edge", "state"), EDGES)
def test_an_edge_leaves_its_sources_and_no_other_state(machine, edge, state):
    row = (Share if machine.name == "share" else ShareReturn)(status=state)
    if state in machine.edges[edge].sources:
        move(row, edge)
        assert row.status == machine.edges[edge].target
    else:
        with pytest.raises(StateError):
            move(row, edge)


def test_the_documentation_shows_the_machines_that_run():
    text = (Path(__file__).parents[3] / "billing" / "splits" / "README.md").read_text()
    for machine in MACHINES:
        assert table(machine) in text
        assert diagram(machine) in text
