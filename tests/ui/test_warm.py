import sys
from pathlib import Path
from typing import Any

import pytest
from jinja2 import DictLoader, Environment

from ui import i18n, templating


def test_what_every_page_needs_is_read_before_the_first_page() -> None:
    templating.environment.cache_clear()
    i18n._translations.cache_clear()
    i18n._translated.cache_clear()
    templating.warm()
    cache = templating.environment().cache
    assert cache is not None
    read = {name for _, name in cache}
    assert {"ui/console.html", "ui/payer.html", "ui/macros/button.html"} <= read
    assert "billing/payments/list.html" not in read, "other pages are read when somebody asks for them"
    assert i18n._translations.cache_info().currsize == len(i18n.LOCALES)


def _compiled(folder: Path, text: str, monkeypatch: pytest.MonkeyPatch) -> tuple[str, int]:
    """What a page says, and how often something was compiled for it, in a process that has just started."""
    env = Environment(
        loader=DictLoader({"page.html": text}), bytecode_cache=templating.Compiled(folder), autoescape=True
    )
    compiled, compiling = [], env.compile

    def compile_it(*given: Any) -> Any:
        compiled.append(given)
        return compiling(*given)

    monkeypatch.setattr(env, "compile", compile_it)
    return env.get_template("page.html").render(), len(compiled)


def test_what_has_been_compiled_is_not_compiled_again_until_it_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    folder = tmp_path / "cache"
    assert _compiled(folder, "{{ 1 + 1 }}", monkeypatch) == ("2", 1)
    assert _compiled(folder, "{{ 1 + 1 }}", monkeypatch) == ("2", 0)
    assert _compiled(folder, "{{ 1 + 2 }}", monkeypatch) == ("3", 1)


def test_where_nothing_may_be_written_pages_are_made_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    assert _compiled(tmp_path / "file" / "cache", "x", monkeypatch) == ("x", 1)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    assert _compiled(tmp_path / "cache", "x", monkeypatch) == ("x", 1)
    assert not (tmp_path / "cache").exists()
