"""What every page must satisfy, whoever made it: ``inspect(html)`` in each test that gets one."""

import re
import warnings
from typing import Any
from xml.etree.ElementTree import Element

import html5lib
from html5lib.constants import DataLossWarning

# Errors of the parser that are about older names for things, not about the page.
_TOLERATED: frozenset[str] = frozenset()
_LABELLED = ("text", "email", "tel", "number", "date", "month", "time", "datetime-local", "search", "password",
             "file", "checkbox", "radio", "url", "range", "color", "week")  # fmt: skip


class BadPageError(AssertionError):
    """The page breaks a rule; the message lists all that were found."""


def inspect(html: str, *, fragment: bool = False) -> Element:
    """Return the parsed page, or raise with everything that is wrong with it.

    A fragment is checked for all but what only a whole page has.
    """
    parser = html5lib.HTMLParser(namespaceHTMLElements=False)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataLossWarning)
        root = _as_root(parser.parseFragment(html)) if fragment else parser.parse(html)
    problems = [
        f"HTML: {code} at {place} {data}" for place, code, data in parser.errors if code not in _TOLERATED
    ]
    elements = [element for element in root.iter() if isinstance(element.tag, str)]
    problems += _ids(elements) + _inline(elements) + _fields(root, elements) + _names(elements)
    problems += _summary(root, elements) + _texts(root)
    if not fragment:
        problems += _whole(root, elements)
    if problems:
        raise BadPageError("\n".join(problems))
    return root


def text_of(element: Element) -> str:
    """Return an element's text with white space run together."""
    return " ".join("".join(element.itertext()).split())


def _as_root(found: Any) -> Element:
    root: Element = found
    return root


def _whole(root: Element, elements: list[Element]) -> list[str]:
    problems = []
    if not root.get("lang"):
        problems.append("the page has no language")
    titles = [e for e in elements if e.tag == "title" and e in list(_head(root))]
    if len(titles) != 1 or not text_of(titles[0]).split("·")[0].strip():
        problems.append("the page needs one title that says something")
    for tag in ("h1", "main"):
        count = sum(e.tag == tag for e in elements)
        if count != 1:
            problems.append(f"the page has {count} <{tag}>")
    if any(e.tag == "h1" and not text_of(e) for e in elements):
        problems.append("the h1 is empty")
    return problems


def _head(root: Element) -> Element:
    head = root.find("head")
    assert head is not None
    return head


def _ids(elements: list[Element]) -> list[str]:
    seen: set[str] = set()
    problems = []
    for element in elements:
        name = element.get("id")
        if name is None:
            continue
        if name in seen or not name or " " in name:
            problems.append(f"the id {name!r} is not unique or not an id")
        seen.add(name)
    for element in elements:
        for attribute in ("for", "aria-describedby", "aria-labelledby", "aria-controls"):
            missing = set((element.get(attribute) or "").split()) - seen
            if missing:
                problems.append(f"<{element.tag}> {attribute} points at nothing: {sorted(missing)}")
    return problems


def _inline(elements: list[Element]) -> list[str]:
    problems = []
    for element in elements:
        for name, value in element.attrib.items():
            if name.startswith(("on", "hx-on", "data-hx-on")) or name == "style":
                problems.append(f"<{element.tag}> has an inline {name}")
            if value.strip().lower().startswith(("javascript:", "js:")):
                problems.append(f"<{element.tag}> {name} holds script")
        if element.tag == "style" or (element.tag == "script" and not element.get("src")):
            problems.append(f"there is an inline <{element.tag}>")
    return problems


def _fields(root: Element, elements: list[Element]) -> list[str]:
    parents = {child: parent for parent in root.iter() for child in parent}
    labels = {e.get("for") for e in elements if e.tag == "label" and text_of(e)}
    problems = []
    for element in elements:
        is_input = element.tag == "input" and element.get("type", "text") in _LABELLED
        if not is_input and element.tag not in {"select", "textarea"}:
            continue
        if element.get("id") in labels or element.get("aria-label") or element.get("aria-labelledby"):
            continue
        if not _inside(element, "label", parents):
            problems.append(f"<{element.tag} name={element.get('name')!r}> has no label")
    return problems


def _inside(element: Element, tag: str, parents: dict[Element, Element]) -> bool:
    found: Element | None = element
    while found is not None and found.tag != tag:
        found = parents.get(found)
    return found is not None


def _names(elements: list[Element]) -> list[str]:
    problems = []
    for element in elements:
        if element.tag in {"a", "button", "summary"} and not (text_of(element) or _described(element)):
            problems.append(f"<{element.tag} href={element.get('href')!r}> has no name")
        if element.tag == "img" and element.get("alt") is None:
            problems.append(f"<img src={element.get('src')!r}> has no alt")
        if element.tag == "a" and element.get("href") == "":
            problems.append(f"the link {text_of(element)!r} leads nowhere")
        if element.tag == "iframe" and not (element.get("title") and element.get("sandbox")):
            problems.append("an iframe needs a title and has to be sandboxed")
    return problems


def _described(element: Element) -> bool:
    return any(e.get("aria-label") for e in element.iter())


def _summary(root: Element, elements: list[Element]) -> list[str]:
    """Find lines of a summary of errors that do not lead to their field, or do not begin with its name."""
    parents = {child: parent for parent in root.iter() for child in parent}
    places = {e.get("id"): e for e in elements}
    problems = []
    for link in (a for box in elements if box.get("id") == "errors" for a in box.iter("a")):
        place = (link.get("href") or "").removeprefix("#")
        if place not in places:
            problems.append(f"the summary of errors leads nowhere: {place!r}")
        elif not re.match(r".+?(: |：)", text_of(link)) and not any(
            text_of(link).startswith(name) for name in _called(places[place], elements, parents)
        ):
            problems.append(f"the summary of errors does not name {place!r}: {text_of(link)!r}")
    return problems


def _called(field: Element, elements: list[Element], parents: dict[Element, Element]) -> list[str]:
    """Return what a field is called on its page: by itself, by its label, or by the legend around it."""
    found = [field.get("aria-label", "")]
    found += [
        (e.text or "").strip() for e in elements if e.tag == "label" and e.get("for") == field.get("id")
    ]
    around: Element | None = field
    while around is not None:
        found += [(e.text or "").strip() for e in around if e.tag == "legend"]
        around = parents.get(around)
    names = [name for name in found if name]
    return names or [""]


def _texts(root: Element) -> list[str]:
    """Find what a template printed by mistake: a Python value where words belong."""
    shown = text_of(root)
    return [
        f"the page shows {sign!r}"
        for sign in ("Undefined", "<function", "object at 0x", "Text(")
        if sign in shown
    ]
