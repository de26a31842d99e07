"""The Jinja environment: templates of all packages, all macros behind one global, missing names are errors.

Macros live one component to a file in ``<folder>/templates/<folder>/macros/*.html``. Those of ``ui`` are
``ui.button(...)``; those of another package are ``ui.<package>.name(...)``. Being global, they are seen when
a single block is rendered too, where a template's own imports are not.
"""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemBytecodeCache, FileSystemLoader, StrictUndefined
from jinja2 import __version__ as jinja_version
from jinja2.bccache import Bucket
from starlette.requests import HTTPConnection

from ui import marks
from ui.formats import FILTERS
from ui.i18n import LOCALES, PACKAGES, ROOT, current_locale, gettext, ngettext, use_locale
from ui.qr import qr_svg
from ui.static import static_url
from ui.tables import cells, foot

_connection: ContextVar[HTTPConnection | None] = ContextVar("connection", default=None)


def template_folders() -> list[Path]:
    """Return the ``templates`` folder of every package and scenario; the sandbox is a program of its own."""
    found = (path for package in PACKAGES for path in (ROOT / package).rglob("templates"))
    return sorted(path for path in found if path.is_dir() and "sandbox" not in path.parts)


class Compiled(FileSystemBytecodeCache):
    """Keeps compiled templates where Python keeps compiled modules, and does without where it may not write.

    Compiling takes half a second of each process's start, and six seconds for all of them.
    """

    def __init__(self, folder: Path) -> None:
        super().__init__(str(folder))

    def load_bytecode(self, bucket: Bucket) -> None:
        """Take what has been kept, if it is there and still of this text."""
        with suppress(OSError):
            super().load_bytecode(bucket)

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Write what has been compiled, unless this process is not to write any."""
        if sys.dont_write_bytecode:
            return
        with suppress(OSError):
            Path(self.directory).mkdir(parents=True, exist_ok=True)
            super().dump_bytecode(bucket)


@cache
def environment() -> Environment:
    """Return the one environment of the process."""
    env = Environment(
        loader=FileSystemLoader([str(folder) for folder in template_folders()]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
        cache_size=-1,
        bytecode_cache=Compiled(ROOT / "ui" / "__pycache__" / f"jinja-{jinja_version}"),
        finalize=_shown,
    )
    env.filters.update(FILTERS)
    env.globals.update(
        ui=Macros(env, "ui"),
        _=gettext,
        ngettext=ngettext,
        url_for=url_for,
        static_url=static_url,
        qr_svg=qr_svg,
        current_locale=current_locale,
        table_cells=cells,
        table_foot=foot,
    )
    return env


def warm() -> None:
    """Read what every page needs, layouts, macros and catalogues, so that nobody's first page waits for it."""
    env = environment()
    for name in env.list_templates(extensions=["html"]):
        folder, _, rest = name.partition("/")
        if folder == "ui" and "/" not in rest:
            env.get_template(name)
        elif rest.startswith("macros/") and folder != "ui":
            getattr(env.globals["ui"], folder).names()
    for locale in LOCALES:
        with use_locale(locale):
            gettext("Yes")


class Macros:
    """The macros of one template folder as attributes; unknown names are looked up as other folders."""

    def __init__(self, env: Environment, folder: str) -> None:
        self._env, self._folder = env, folder
        self._found: dict[str, Any] = {}

    def __getattr__(self, name: str) -> Any:
        if not self._found:
            self._found.update(self._collect())
            self.__dict__.update(self._found)
        if name in self._found:
            return self._found[name]
        if self._folder == "ui" and self._templates(name):
            return self._found.setdefault(name, Macros(self._env, name))
        raise AttributeError(f"there is no macro {self._folder}.{name}")

    def names(self) -> list[str]:
        """Return the names of all macros of this folder."""
        if not self._found:
            self._found.update(self._collect())
        return sorted(name for name, value in self._found.items() if not isinstance(value, Macros))

    def _collect(self) -> dict[str, Callable[..., str]]:
        found: dict[str, Callable[..., str]] = {}
        for template in self._templates(self._folder):
            exported = self._env.get_template(template).module.__dict__
            for name, macro in exported.items():
                if name.startswith("_") or not callable(macro):
                    continue
                if name in found:
                    raise ValueError(f"two macros are called {self._folder}.{name}")
                found[name] = macro
        return found

    def _templates(self, folder: str) -> list[str]:
        names = self._env.list_templates(extensions=["html"])
        return [name for name in names if name.startswith(f"{folder}/macros/")]


def url_for(name: str, /, **params: Any) -> str:
    """Return the path of the route ``name`` of the app that serves the current request."""
    connection = _connection.get()
    if connection is None:
        raise RuntimeError(f"url_for({name!r}) needs a request")
    return _path_of(connection.app, name, tuple(params.items()))


@lru_cache(maxsize=2048)
def _path_of(app: Any, name: str, params: tuple[tuple[str, Any], ...]) -> str:
    return str(app.url_path_for(name, **dict(params)))


@contextmanager
def serving(connection: HTTPConnection) -> Iterator[None]:
    """Let ``url_for`` know whose request is being answered."""
    token = _connection.set(connection)
    try:
        yield
    finally:
        _connection.reset(token)


def render(template: str, context: dict[str, Any], *, block: str | None = None) -> str:
    """Return the text of a template or of one of its blocks; no request is needed (mail, PDF, tests)."""
    found = environment().get_template(template)
    if block is None:
        return found.render(context)
    return "".join(found.blocks[block](found.new_context(context)))


def _shown(value: Any) -> Any:
    """Leave nothing blank, and say in the reader's words what a name was marked with in the institution's."""
    if isinstance(value, str):
        return marks.read(value)
    return "" if value is None else value
