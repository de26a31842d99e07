import re
from pathlib import Path

import pytest

from ui import catalogues
from ui.catalogues import check, extract, parameters, skeleton
from ui.i18n import PACKAGES, ROOT, catalogue_files

HEADER = (
    'msgid ""\nmsgstr ""\n"Content-Type: text/plain; charset=UTF-8\\n"\n'
    '"Plural-Forms: nplurals=1; plural=0;\\n"\n\n'
)


@pytest.fixture
def package(tmp_path: Path) -> Path:
    folder = tmp_path / "things"
    (folder / "templates").mkdir(parents=True)
    (folder / "code.py").write_text(
        't("Hello {name}", name=x)\nN_("Bye")\nfail(t(found or N_("Inner")))\n'
        'ngettext("{n} bill", "{n} bills", n)\nt("long "\n  "text")\nt(variable)\nother("no")\n'
    )
    (folder / "templates/a.html").write_text(
        '{% block x %}{{ ui.b(_("Page {n}", n=1), hint=_("Hint")) }}{% endblock %}'
    )
    (folder / "loose.html").write_text("{{ _('not a template') }}")
    return folder


def test_every_marked_text_is_found(package: Path) -> None:
    assert set(extract([package])) == {
        "Hello {name}", "Bye", "Inner", ("{n} bill", "{n} bills"), "long text", "Page {n}", "Hint",
    }  # fmt: skip


def faults(package: Path, body: str) -> list[str]:
    po = package / "zh.po"
    po.write_text(HEADER + body)
    return sorted(fault.text for fault in check(extract([package]), [po], "zh_CN"))


COMPLETE = """msgid "Hello {name}"
msgstr "{name}，你好"

msgid "Bye"
msgstr "再见"

msgid "Inner"
msgstr "内"

msgid "{n} bill"
msgid_plural "{n} bills"
msgstr[0] "{n} 份账单"

msgid "long text"
msgstr "长"

msgid "Page {n}"
msgstr "第 {n} 页"

msgid "Hint"
msgstr "提示"
"""


def test_a_complete_catalogue_has_no_fault(package: Path) -> None:
    assert faults(package, COMPLETE) == []


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ('msgid "Bye"\nmsgstr "再见"\n', "", "no zh_CN for 'Bye'"),
        ('msgstr "再见"', 'msgstr ""', "empty: 'Bye'"),
        ('msgid "Bye"', '#, fuzzy\nmsgid "Bye"', "fuzzy: 'Bye'"),
        ("{name}，你好", "{nom}，你好", "'{nom}，你好' needs the parameters ['name']"),
        ("第 {n} 页", "第 n 页", "'第 n 页' needs the parameters ['n']"),
        ("{n} 份账单", "账单", "'账单' needs the parameters ['n']"),
        ('msgstr "长"', 'msgstr "长"\n\nmsgid "Old"\nmsgstr "旧"', "nobody uses 'Old'"),
    ],
)
def test_each_fault_is_found(package: Path, old: str, new: str, fault: str) -> None:
    assert faults(package, COMPLETE.replace(old, new)) == [fault]


def test_two_catalogues_may_not_disagree(package: Path) -> None:
    one, two = package / "one.po", package / "two.po"
    one.write_text(HEADER + COMPLETE)
    two.write_text(HEADER + 'msgid "Bye"\nmsgstr "拜拜"\n')
    found = check(extract([package]), [one, two], "zh_CN")
    assert [fault.text.split(" in ")[0] for fault in found] == ["'Bye' is '拜拜' here and '再见'"]


def test_the_skeleton_holds_what_is_missing(package: Path) -> None:
    po = package / "zh.po"
    po.write_text(HEADER + 'msgid "Bye"\nmsgstr "再见"\n')
    missing = {message.id for message in skeleton(extract([package]), [po], "zh_CN") if message.id}
    assert "Bye" not in missing
    assert {"Inner", ("{n} bill", "{n} bills")} <= missing


def test_unreadable_braces_are_a_fault() -> None:
    assert parameters("a {b} {c!r:>3}") == {"b", "c"}
    assert parameters("a {b") != parameters("a {b}")


def test_the_page_machinery_speaks_chinese() -> None:
    used = extract([ROOT / "ui"])
    files = catalogue_files("zh_CN")
    known = {catalogues._key(message) for path in files for message in catalogues._read(path, "zh_CN")}
    assert set(used) - known == set()


def test_command_prints_a_skeleton_and_refuses_faults(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, package: Path
) -> None:
    monkeypatch.setattr(catalogues, "ROOT", package.parent)
    monkeypatch.setattr(catalogues, "PACKAGES", ("things",))
    monkeypatch.setattr(catalogues, "catalogue_files", lambda _locale: [])
    assert catalogues.main(["check"]) == 1
    assert "no zh_CN for 'Inner'" in capsys.readouterr().out
    assert catalogues.main(["check", "elsewhere"]) == 0


def test_no_macro_file_translates_when_it_is_first_read():
    """What stands outside of a macro is worked out once, in the language of whoever came first."""
    found = [path for folder in PACKAGES for path in (ROOT / folder).rglob("macros/*.html")]
    assert found
    macros = re.compile(r"{%-?\s*macro .*?endmacro\s*-?%}", re.DOTALL)
    loose = {path.name: macros.sub("", path.read_text()) for path in found}
    assert [name for name, text in loose.items() if re.search(r"\b(_|gettext|ngettext)\(", text)] == []
