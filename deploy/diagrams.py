"""State diagrams of the documentation as SVG: the READMEs hold Mermaid text, which only some readers can draw.

States stand in layers, each below all that leads to it on the way from the start; edges that pass a layer bow out to
the left, and those that lead back up to the right. Edges carry no words: the table above each diagram names them.
"""

import html
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import count

START = "[*]"
_EDGE = re.compile(r"^\s*(\[\*\]|\w+)\s*-->\s*(\[\*\]|\w+)", re.MULTILINE)
_LETTER, _HEIGHT, _GAP, _LAYER, _MARGIN = 7.2, 28, 26, 58, 90
"""Units of the drawing: a letter's width, a state's height, between states, from layer to layer, at the sides."""


@dataclass(frozen=True, slots=True)
class Box:
    """A state in its place; ``x`` and ``y`` are its centre."""

    name: str
    x: float
    y: float
    width: float


def edges_of(text: str) -> list[tuple[str, str]]:
    """Return the edges of a Mermaid state diagram, each pair of states once, in their order."""
    return list(dict.fromkeys((found[1], found[2]) for found in _EDGE.finditer(text)))


def svg(text: str, label: str, number: int = 1) -> str:
    """Return the drawing of a Mermaid state diagram; ``label`` says what it is of, for those who cannot see it.

    ``number`` tells the diagrams of one page apart.
    """
    edges = edges_of(text)
    boxes = {box.name: box for box in _placed(_layers(edges))}
    width = max(box.x + box.width / 2 for box in boxes.values()) + _MARGIN
    height = max(box.y for box in boxes.values()) + _HEIGHT
    said = ", ".join(f"{a} → {b}" for a, b in edges if a != START)
    tip = f"states-tip-{number}"
    drawn = [_line(boxes[a], boxes[b], tip) for a, b in edges] + [_box(box) for box in boxes.values()]
    return (
        f'<svg class="states" role="img" viewBox="0 0 {width:.0f} {height:.0f}" width="{width:.0f}"'
        f' aria-label="{html.escape(f"{label}: {said}")}"><defs><marker id="{tip}" viewBox="0 0 8 8" refX="7"'
        ' refY="4" markerWidth="7" markerHeight="7" orient="auto"><path class="states__tip" d="M0 0 8 4 0 8z"/>'
        f"</marker></defs>{''.join(drawn)}</svg>"
    )


def _layers(edges: Iterable[tuple[str, str]]) -> list[list[str]]:
    """Return the states by the length of the longest way from the start that never turns back."""
    leads: dict[str, list[str]] = {}
    for a, b in edges:
        leads.setdefault(a, []).append(b)
    depth: dict[str, int] = {}
    _descend(START, leads, depth, [])
    for name in leads:
        if name not in depth:  # begun elsewhere than at the start
            _descend(name, leads, depth, [START])
    layers: list[list[str]] = [[] for _ in range(max(depth.values()) + 1)]
    for name, layer in depth.items():
        layers[layer].append(name)
    return [names for names in layers if names]


def _descend(name: str, leads: dict[str, list[str]], depth: dict[str, int], way: list[str]) -> None:
    """Put a state below the way that has come to it, and all that it leads to further down."""
    if name in way or depth.get(name, -1) >= len(way):
        return
    depth[name] = len(way)
    for following in leads.get(name, ()):
        _descend(following, leads, depth, [*way, name])


def _placed(layers: list[list[str]]) -> Iterator[Box]:
    sizes = [[max(len(name) * _LETTER + 18, 20) for name in names] for names in layers]
    spans = [sum(row) + _GAP * (len(row) - 1) for row in sizes]
    widest = max(spans)
    for depth, (names, row, span) in enumerate(zip(layers, sizes, spans, strict=True)):
        left = _MARGIN + (widest - span) / 2
        for name, width in zip(names, row, strict=True):
            yield Box(name, left + width / 2, _HEIGHT + depth * _LAYER, width)
            left += width + _GAP


def _box(box: Box) -> str:
    if box.name == START:
        return f'<circle class="states__start" cx="{box.x:.0f}" cy="{box.y:.0f}" r="7"/>'
    return (
        f'<rect class="states__box" x="{box.x - box.width / 2:.0f}" y="{box.y - _HEIGHT / 2:.0f}"'
        f' width="{box.width:.0f}" height="{_HEIGHT}" rx="6"/>'
        f'<text class="states__name" x="{box.x:.0f}" y="{box.y + 4:.0f}">{html.escape(box.name)}</text>'
    )


def _line(a: Box, b: Box, tip: str) -> str:
    half, layers = _HEIGHT / 2, (b.y - a.y) / _LAYER
    if a is b:
        right = a.x + a.width / 2
        way = f"M{right - 14:.0f} {a.y - half:.0f}c6 -22 30 -22 14 {half:.0f}"
    elif layers == 1:
        way = _curve((a.x, a.y + half), (a.x, a.y + half + 20), (b.x, b.y - half - 20), (b.x, b.y - half))
    else:
        side = -1 if layers > 1 else 1
        start, end = a.x + side * a.width / 2, b.x + side * b.width / 2
        out = side * (14 + 9 * abs(layers))
        furthest = (min if side < 0 else max)(start, end) + out
        way = _curve((start, a.y), (furthest, a.y), (furthest, b.y), (end, b.y))
    return f'<path class="states__edge" marker-end="url(#{tip})" d="{way}"/>'


def _curve(*points: tuple[float, float]) -> str:
    start, *rest = (f"{x:.0f} {y:.0f}" for x, y in points)
    return f"M{start}C{' '.join(rest)}"


_BLOCK = re.compile(r'<pre><code class="language-mermaid">(.*?)</code></pre>', re.DOTALL)
_HEADING = re.compile(r"<h[23]>(.*?)</h[23]>", re.DOTALL)


def drawn(document: str) -> str:
    """Return a document's HTML with its state diagrams drawn, each called by the heading it stands under."""
    numbers = count(1)

    def draw(found: re.Match[str]) -> str:
        headings = _HEADING.findall(document, 0, found.start())
        label = html.unescape(re.sub(r"<[^>]+>", "", headings[-1])) if headings else ""
        drawing = svg(html.unescape(found[1]), label, next(numbers))
        named = html.escape(label)
        return f'<div class="states__room" role="group" tabindex="0" aria-label="{named}">{drawing}</div>'

    return _BLOCK.sub(draw, document)
