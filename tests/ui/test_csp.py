"""No template may need what the content security policy forbids; the tests of htmx's own traps are here too."""

import re
from pathlib import Path

import pytest

from ui.i18n import PACKAGES, ROOT
from ui.templating import template_folders

TEMPLATES = [path for folder in template_folders() for path in folder.rglob("*.html")]
FORBIDDEN = {
    "inline script": re.compile(r"<script(?![^>]*\bsrc=)", re.IGNORECASE),
    "inline style element": re.compile(r"<style\b", re.IGNORECASE),
    "inline style": re.compile(r"""<[^>{]*\sstyle\s*=""", re.IGNORECASE),
    "inline handler": re.compile(r"""\son[a-z]+\s*=\s*["'{]""", re.IGNORECASE),
    "hx-on": re.compile(r"hx-on\b", re.IGNORECASE),
    "script in a value": re.compile(r"""["'\s](?:js|javascript):""", re.IGNORECASE),
    "trigger filter": re.compile(r"""hx-trigger\s*=\s*["'][^"']*\["""),
    "another site": re.compile(r"""<(?:script|link|img|iframe)[^>]*(?:src|href)\s*=\s*["']?(?:https?:)?//"""),
    "htmx outside data-": re.compile(r"""\s(?<!data-)hx-[a-z-]+="""),
}


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: str(path.relative_to(ROOT)))
def test_templates_need_nothing_the_policy_forbids(path: Path) -> None:
    text = path.read_text()
    assert {name: found[0] for name, pattern in FORBIDDEN.items() if (found := pattern.search(text))} == {}


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("inline script", "<script>1</script>"),
        ("inline style", '<p class="a" style="x">'),
        ("inline handler", '<p onclick="x()">'),
        ("hx-on", '<p data-hx-on:click="x()">'),
        ("script in a value", '<p data-hx-confirm="js:x()">'),
        ("trigger filter", '<p data-hx-trigger="click[ctrlKey]">'),
        ("another site", '<script src="https://cdn.test/x.js">'),
        ("htmx outside data-", '<p hx-get="/x">'),
    ],
)
def test_the_scan_finds_each_kind(name: str, text: str) -> None:
    assert FORBIDDEN[name].search(text)


def test_htmx_headers_are_named_in_one_module() -> None:
    holders = [
        path.relative_to(ROOT).as_posix()
        for package in PACKAGES
        for path in (ROOT / package).rglob("*.py")
        if re.search(r"""["'](HX|hx)-[A-Za-z]""", path.read_text())
    ]
    assert holders == ["ui/hx.py"]


def test_own_script_builds_no_code_from_text() -> None:
    script = (ROOT / "ui/static/js/app.js").read_text()
    assert not re.search(r"\beval\b|new Function|innerHTML|insertAdjacentHTML|document\.write", script)


def test_htmx_is_the_pinned_release_with_its_licence() -> None:
    vendor = ROOT / "ui/static/vendor"
    assert "4.0.1" in (vendor / "htmx-4.0.1.min.js").read_text()
    assert "Permission to use" in (vendor / "htmx-LICENSE.txt").read_text()
