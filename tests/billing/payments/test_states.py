"""Every edge goes where it says, and every other move is refused."""

from pathlib import Path

import pytest

from billing.models import Attempt, Payment, Refund
from billing.payments.states import (
    ATTEMPT,
    BILL,
    LIVE,
    MACHINES,
    PAYMENT,
    StateError,
    diagram,
    machine_of,
    move,
    table,
)

PAIRS = [(machine, edge, state) for machine in MACHINES for edge in machine.edges for state in machine.states]


@pytest.mark.parametrize(("machine", "edge", "state"), PAIRS, ids=lambda v: getattr(v, "name", v))
def test_an_edge_leaves_its_sources_and_no_other_state(machine, edge, state):
    if state in machine.edges[edge].sources:
        assert machine.after(state, edge) == machine.edges[edge].target
    else:
        with pytest.raises(StateError):
            machine.after(state, edge)


def test_move_writes_the_status_and_refuses_what_is_no_edge():
    payment = Payment(status="created")
    move(payment, "accept")
    assert payment.status == "pending"
    with pytest.raises(StateError, match="refund_all"):
        move(payment, "refund_all")
    assert payment.status == "pending"
    with pytest.raises(KeyError):
        move(payment, "no_such_edge")


def test_every_state_can_be_reached_and_live_ones_can_end():
    for machine in MACHINES:
        seen, edges = {machine.start}, machine.edges.values()
        for _ in machine.states:
            seen |= {edge.target for edge in edges if seen & set(edge.sources)}
        assert seen == set(machine.states)
    assert all(ATTEMPT.can(state, "succeed") and ATTEMPT.can(state, "fail") for state in LIVE)


def test_an_attempt_and_its_payment_go_the_same_ways():
    assert set(ATTEMPT.edges) <= set(PAYMENT.edges)
    assert all(PAYMENT.edges[name] == edge for name, edge in ATTEMPT.edges.items())


def test_money_under_way_is_never_cancelled_or_expired():
    assert not ATTEMPT.can("processing", "cancel")
    assert not ATTEMPT.can("processing", "expire")


def test_rows_know_their_machine():
    assert machine_of(Attempt(status="created")) is ATTEMPT
    assert machine_of(Refund(status="requested")).name == "refund"


def test_the_documentation_shows_the_machines_that_run():
    text = (Path(__file__).parents[3] / "billing" / "README.md").read_text()
    for machine in MACHINES:
        assert table(machine) in text
        assert diagram(machine) in text
    assert "[*] --> issued" in diagram(BILL)
