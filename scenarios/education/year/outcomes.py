"""What can become of a pupil who does not go up with their class, as data: words, and how many grades it is up."""

from scenarios.education.year.proposing import ORDER, place_of
from ui.i18n import N_

OUTCOMES = {
    "repeat": N_("Repeats the grade"),
    "other": N_("Goes up, into another class"),
    "skip": N_("Skips a grade"),
    "leave": N_("Leaves school"),
}
_UP = {"repeat": 0, "other": 1, "skip": 2}


def grade_after(grade: str, outcome: str) -> str:
    """Return the grade that somebody of this grade is in afterwards; empty where there is none."""
    place = place_of(grade) + _UP.get(outcome, len(ORDER))
    return ORDER[place] if place_of(grade) >= 0 and place < len(ORDER) else ""
