"""What surrounds a page's content: names, navigation and menus, filled in by the packages that know them.

A package sets ``request.state.shell``; ``ui.render`` falls back to a plain public one. Labels are texts
(``t("Bills")``), so that one shell serves both languages.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Literal, Self

from starlette.requests import HTTPConnection

from ui.i18n import Text

Face = Literal["console", "payer", "public", "print"]
Tone = Literal["neutral", "info", "success", "warning", "danger"]


@dataclass(frozen=True, slots=True)
class NavItem:
    """One place to go; ``count`` is what waits there, ``icon`` a symbol of ``ui/static/img/icons.svg``.

    ``counter`` is an address that says the count, asked once the page is there, so that no page waits for it.
    """

    label: Text | str
    href: str
    icon: str = ""
    is_current: bool = False
    also: Sequence[str] = ()
    """Where pages lie that belong here and stand below another address."""
    count: int | None = None
    counter: str = ""
    hint: Text | str = ""


@dataclass(frozen=True, slots=True)
class NavGroup:
    """Places that belong together under an optional heading."""

    items: Sequence[NavItem]
    label: Text | str = ""


@dataclass(frozen=True, slots=True)
class Notice:
    """A standing fact about this session, shown above every page (a support access, a test mode)."""

    text: Text | str
    tone: Tone = "info"
    href: str = ""
    link: Text | str = ""


@dataclass(frozen=True, slots=True)
class Shell:
    """The surroundings of a page.

    ``title`` names whose pages these are (the bank, the institution), ``brand`` the product or bank behind
    them, ``accent`` the bank's colour as six hexadecimal digits, ``logo`` the address of the brand's picture, ``zone``
    the zone that times are shown in.
    """

    face: Face = "public"
    title: Text | str = ""
    brand: str = "Scenario Cloud"
    accent: str = ""
    logo: str = ""
    home: str = "/"
    nav: Sequence[NavGroup] = ()
    switcher: Sequence[NavItem] = ()
    person_name: str = ""
    person_hint: Text | str = ""
    menu: Sequence[NavItem] = ()
    sign_in: str = ""
    sign_out: str = ""
    notices: Sequence[Notice] = ()
    footer: Sequence[NavItem] = ()
    zone: str = "UTC"
    languages: Sequence[tuple[str, str]] = field(default=(("en", "English"), ("zh_CN", "中文")))

    @property
    def layout(self) -> str:
        """The template that pages of this face extend."""
        return f"ui/{self.face}.html"

    def at(self, path: str) -> Self:
        """Return the shell with the navigation item that leads closest to ``path`` marked as current."""
        leading = [
            (len(href), item)
            for group in self.nav
            for item in group.items
            for href in (item.href, *item.also)
            if _leads_to(href, path)
        ]
        if not leading:
            return self
        best = max(leading, key=lambda found: found[0])[1]

        def mark(item: NavItem) -> NavItem:
            return replace(item, is_current=True) if item is best else item

        groups = [NavGroup([mark(item) for item in group.items], group.label) for group in self.nav]
        return replace(self, nav=groups)


def shell_of(connection: HTTPConnection) -> Shell:
    """Return the shell set for this request, with the current place marked."""
    shell = getattr(connection.state, "shell", None)
    return shell.at(connection.scope["path"]) if isinstance(shell, Shell) else Shell()


def _leads_to(href: str, path: str) -> bool:
    return path == href or path.startswith(href.rstrip("/") + "/")
