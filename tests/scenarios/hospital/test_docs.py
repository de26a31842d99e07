"""What the documentation says is what runs, and nothing that leaves the house names a department or a doctor."""

from pathlib import Path

import pytest

import scenarios.hospital
from billing.payments.states import StateError, diagram, table
from scenarios.hospital.inpatient.states import CREDIT, LIVE, STAY
from scenarios.hospital.inpatient.states import TONES as STAY_TONES
from scenarios.hospital.inpatient.states import WORDS as STAY_WORDS
from scenarios.hospital.orders.states import BASKET, RETURN
from scenarios.hospital.states import APPOINTMENT, FREEING, TONES, WORDS

README = (Path(scenarios.hospital.__file__).parent / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "machine", [APPOINTMENT, BASKET, RETURN, STAY, CREDIT], ids=lambda machine: machine.name
)
def test_the_documentation_draws_the_states_that_run(machine):
    assert table(machine) in README
    assert diagram(machine) in README


def test_every_state_has_words_and_every_other_move_is_refused():
    assert set(APPOINTMENT.states) == WORDS.keys() == TONES.keys()
    assert set(STAY.states) == STAY_WORDS.keys() == STAY_TONES.keys()
    assert set(LIVE) == {state for state in STAY.states if STAY.can(state, "cancel")}
    for edge in APPOINTMENT.edges:
        for state in APPOINTMENT.states:
            if APPOINTMENT.can(state, edge):
                assert APPOINTMENT.after(state, edge) == APPOINTMENT.edges[edge].target
            else:
                with pytest.raises(StateError):
                    APPOINTMENT.after(state, edge)


def test_only_a_booked_appointment_is_ever_missed():
    assert APPOINTMENT.edges["no_show"].sources == ("booked",)


def test_the_index_frees_what_the_machine_frees():
    migration = next(
        (Path(scenarios.hospital.__file__).parents[2] / "deploy/migrations").glob("*_hospital.py")
    )
    text = migration.read_text(encoding="utf-8")
    assert "status not in (" + ", ".join(f"'{state}'" for state in FREEING) + ")" in text


def test_every_drawing_of_the_documentation_is_fenced_as_one():
    assert README.count("stateDiagram-v2") == README.count("```mermaid\nstateDiagram-v2")
