"""The lives of rows as data: every move has a name, and no other is made.

``diagram`` and ``table`` draw a machine for the documentation, so that what is drawn is what runs.
"""

from collections.abc import Mapping
from dataclasses import dataclass


class StateError(RuntimeError):
    """A move that the machine does not have: a programming error, never a person's."""


@dataclass(frozen=True, slots=True)
class Edge:
    """One named move, from any of ``sources`` to ``target``; ``because`` is for the documentation."""

    sources: tuple[str, ...]
    target: str
    because: str


@dataclass(frozen=True, slots=True)
class Machine:
    """All states and edges of one kind of row; ``or_start`` is where rows of another origin begin."""

    name: str
    start: str
    edges: Mapping[str, Edge]
    or_start: tuple[str, ...] = ()

    @property
    def states(self) -> tuple[str, ...]:
        """Every state, in the order in which the edges first name it."""
        named = [
            self.start,
            *self.or_start,
            *(s for e in self.edges.values() for s in (*e.sources, e.target)),
        ]
        return tuple(dict.fromkeys(named))

    def can(self, status: str, edge: str) -> bool:
        """Tell whether the edge leaves ``status``."""
        return status in self.edges[edge].sources

    def after(self, status: str, edge: str) -> str:
        """Return the state that the edge leads to.

        Raises:
            StateError: the edge does not leave ``status``.
        """
        if not self.can(status, edge):
            raise StateError(f"{self.name}: no edge {edge!r} from {status!r}")
        return self.edges[edge].target


def diagram(machine: Machine) -> str:
    """Return the machine as a Mermaid state diagram."""
    lines = ["stateDiagram-v2", *(f"    [*] --> {start}" for start in (machine.start, *machine.or_start))]
    lines += [
        f"    {source} --> {edge.target}: {name}"
        for name, edge in machine.edges.items()
        for source in edge.sources
    ]
    return "\n".join(lines)


def table(machine: Machine) -> str:
    """Return the machine's edges as a Markdown table."""
    lines = [f"| {machine.name}: edge | from | to | because |", "|---|---|---|---|"]
    lines += [
        f"| `{name}` | {', '.join(edge.sources)} | {edge.target} | {edge.because} |"
        for name, edge in machine.edges.items()
    ]
    return "\n".join(lines)
