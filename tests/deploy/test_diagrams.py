import re

from billing.payments import states
from deploy import diagrams

TEXT = """stateDiagram-v2
    [*] --> open
    open --> shut: close
    open --> shut: slam
    shut --> open: reopen
    open --> open: knock
    shut --> gone
"""


def names(drawing: str) -> list[str]:
    return re.findall(r'<text class="states__name"[^>]*>([^<]+)</text>', drawing)


def test_each_state_stands_once_and_each_pair_has_one_line():
    drawing = diagrams.svg(TEXT, "Door")
    assert names(drawing) == ["open", "shut", "gone"]
    assert drawing.count('class="states__edge"') == 5
    assert "Door: open → shut, shut → open, open → open, shut → gone" in drawing


def test_a_state_stands_below_what_leads_to_it_and_rings_end():
    layers = diagrams._layers(diagrams.edges_of(TEXT))
    assert layers == [["[*]"], ["open"], ["shut"], ["gone"]]


def test_a_state_that_nothing_leads_to_stands_below_the_start():
    assert diagrams._layers([("[*]", "a"), ("b", "c")]) == [["[*]"], ["a", "b"], ["c"]]


def test_all_machines_can_be_drawn_within_a_phone_s_reach():
    for machine in states.MACHINES:
        drawing = diagrams.svg(states.diagram(machine), "x")
        known = {edge.target for edge in machine.edges.values()} | {machine.start}
        assert set(names(drawing)) == known
        assert int(re.search(r'width="(\d+)"', drawing)[1]) < 700
