"""Every page of the route table, found by following links as somebody would, and looked at closely."""

import asyncio
import re
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Literal, cast
from urllib.parse import urlsplit

from playwright.async_api import Error as BrowserError

from tests.browser import NOT_LOOKED_AT, carry_axe, overflow, violations
from tests.journeys.live import ROOT, Live
from tests.journeys.lobby import Lobby
from tests.journeys.someone import Someone

NARROW, WIDE = {"width": 320, "height": 640}, {"width": 1280, "height": 900}
LANGUAGES = (("en-GB", "en"), ("zh-CN", "zh-CN"))
SHOWN = {200, 410}
"""410: what an invitation says once it has been taken up."""
_GLANCE = """left => {
  const hash = text => {
    let a = 0xdeadbeef, b = 0x41c6ce57;
    for (let n = 0; n < text.length; n++) {
      a = Math.imul(a ^ text.charCodeAt(n), 2654435761);
      b = Math.imul(b ^ text.charCodeAt(n), 1597334677);
    }
    return (a >>> 0).toString(36) + (b >>> 0).toString(36);
  };
  const form = e => [e.localName, ...[...e.attributes]
    .filter(a => /^(class|open|rel|type|readonly|inputmode|disabled|aria-\\w+)$/.test(a.name))
    .map(a => /^aria-(label|describe|control)/.test(a.name) ? "" : `${a.name}=${a.value}`)].join(" ");
  const colours = s => [s.display, s.visibility, s.position, s.color, s.backgroundColor, s.backgroundImage, s.opacity,
    s.fontSize, s.fontWeight, s.textShadow].join();
  const says = e => [...e.childNodes].some(node => node.nodeType === 3 && node.data.trim());
  const elements = [...document.body.querySelectorAll("*")];
  const forms = new Map([document.body, ...elements].map(e => [e, form(e)]));
  const looks = new Map([[document.body, colours(getComputedStyle(document.body))]]);
  for (const e of elements) {
    looks.set(e, hash([looks.get(e.parentElement), forms.get(e), colours(getComputedStyle(e)), says(e)].join()));
  }
  const outside = new Set(document.querySelectorAll(left.map(part => `${part}, ${part} *`).join()));
  window.looks = [...looks].filter(([e]) => !outside.has(e));
  return {
    lang: document.documentElement.lang,
    headings: document.querySelectorAll("h1").length,
    overflow: document.documentElement.scrollWidth - document.documentElement.clientWidth,
    icons: [...document.querySelectorAll("use")]
      .filter(use => use.closest("svg").checkVisibility() && !use.getBBox().width)
      .map(use => use.getAttribute("href")).join(" "),
    links: [...document.querySelectorAll("a[href]")]
      .map(link => new URL(link.getAttribute("href"), document.baseURI).href).join(" "),
    shapes: [...new Set(elements.map(e => hash(`${forms.get(e.parentElement)} > ${forms.get(e)}`)))].join(" "),
    looks: [...new Set(window.looks.map(([, look]) => look))].join(" "),
  };
}"""
"""What a page says of itself, asked for at once and answered in few words: each question more costs as much as all.

A shape is what a style sheet can tell apart, with what it stands in: no page has styles of its own. A look is a shape
with its colours and letters, and the looks of everything that it stands in. Links are read from their attribute, since
one inside a drawing has an object in ``href``.
"""
_MARK = """looks => {
  const fresh = new Set(looks.split(" "));
  for (const [e, look] of window.looks) if (fresh.has(look)) e.setAttribute("data-fresh", "");
  axe.configure({ rules: [{ id: "color-contrast", selector: "[data-fresh]" }] });
}"""
"""Contrast is what axe looks at longest, and it depends on looks alone: those that were not seen yet are looked at."""
OF_LOOKS = ("color-contrast",)
_LINKS = """() => [...document.querySelectorAll("a[href]")]
  .map(link => new URL(link.getAttribute("href"), document.baseURI).href).join(" ")"""
_OWN = "local_storage,indexeddb,service_workers,cache_storage"
"""What a browser keeps of one person, besides cookies; what it keeps of the style sheet is the same for all."""


def pages_of(live: Live) -> dict[str, re.Pattern[str]]:
    """Return the path templates that answer to GET, as ``cloud routes`` lists them."""
    command = [sys.executable, "-m", "deploy", "routes", "--data", str(live.data_dir)]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=60).stdout
    rows = [line.split() for line in listed.splitlines()]
    return {row[0]: _pattern(row[0]) for row in rows if "GET" in row[1].split(",")}


def _pattern(template: str) -> re.Pattern[str]:
    parts = re.split(r"(\{\w+(?::\w+)?\})", template)
    words = [re.escape(part) if not part.startswith("{") else "[^/]+" for part in parts]
    return re.compile("".join(words))


@dataclass
class _Way:
    """The addresses that one person has come across, and how many eyes are on a page just now."""

    name: str
    waiting: list[str] = field(default_factory=list)
    seen: set[str] = field(default_factory=set)
    passed: set[str] = field(default_factory=set)
    looking: int = 0

    def add(self, urls: Iterable[str]) -> None:
        """Take up those that are new, each once."""
        for url in (one.partition("#")[0] for one in urls):
            if url not in self.seen:
                self.seen.add(url)
                self.waiting.append(url)


@dataclass
class Walk:
    """What has been looked at, by template, and what is wrong with it. Each template is looked at once."""

    live: Live
    templates: dict[str, re.Pattern[str]]
    passed_over: tuple[str, ...]
    looked_at: dict[str, str] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    _known: dict[str, str] = field(default_factory=dict)
    _shapes: set[str] = field(default_factory=set)
    _looks: set[str] = field(default_factory=set)
    """Those that have been looked at; what is light and what is dark have other colours."""
    _eyes: list[list[Someone]] = field(default_factory=list)
    """Pairs that nobody looks through just now, one eye for each language; the first sees one in the dark."""
    _pairs: int = 0
    _doors: dict[str, asyncio.Lock] = field(default_factory=lambda: defaultdict(asyncio.Lock))
    """One look at a template at a time: who comes second may see what the first was refused."""

    @property
    def missed(self) -> list[str]:
        """The pages that nobody has come to."""
        return [name for name in self.templates if name not in self.looked_at and not self._is_left(name)]

    def _is_left(self, template: str) -> bool:
        return any(re.fullmatch(pattern, template) for pattern in self.passed_over)

    def template_of(self, url: str) -> str:
        """Return which page an address is; nothing for other sites, files and what is no page."""
        parts = urlsplit(url)
        if f"{parts.scheme}://{parts.netloc}" != self.live.url or "export=" in parts.query:
            return ""
        if parts.path not in self._known:
            fits = (name for name, pattern in self.templates.items() if pattern.fullmatch(parts.path))
            found = min(fits, key=lambda name: name.count("{"), default="")
            self._known[parts.path] = "" if self._is_left(found) else found
        return self._known[parts.path]

    async def go(self, people: Lobby, who: Someone | None, starts: Iterable[str]) -> None:
        """Follow links from these addresses as this person, in both languages and schemes at once.

        Where somebody starts is looked at again, for it is not the same page for everybody.
        """
        waiting = [self.live.url + path.removeprefix(self.live.url) for path in starts]
        for url in waiting:
            self.looked_at.pop(self.template_of(url), None)
        eyes = self._eyes.pop() if self._eyes else await self._open_eyes(people)
        for eye in eyes:
            await self._become(eye, who)
        way = _Way(who.name if who else "nobody")
        way.add(waiting)
        pairs = zip(eyes, LANGUAGES, strict=True)
        await asyncio.gather(*(self._look_around(eye, lang, way) for eye, (_, lang) in pairs))
        self._eyes.append(eyes)

    async def _open_eyes(self, people: Lobby) -> list[Someone]:
        """Return eyes for both languages, one in the light and one in the dark, which the next pair has otherwise.

        They are kept for whoever looks next, since what every page needs is read anew by each new browser.
        """
        schemes: list[Literal["light", "dark"]] = ["light", "dark"] if self._pairs % 2 else ["dark", "light"]
        self._pairs += 1
        eyes = [
            await people.guest(f"eye-{lang}-{scheme}", locale=locale, color_scheme=scheme, viewport=NARROW)
            for (locale, lang), scheme in zip(LANGUAGES, schemes, strict=True)
        ]
        for eye in eyes:
            await carry_axe(eye.context)
        return eyes

    async def _become(self, eye: Someone, who: Someone | None) -> None:
        """Forget whose eye it was, and see as this person does."""
        await eye.page.goto("about:blank")
        machine = await eye.context.new_cdp_session(eye.page)
        await machine.send("Storage.clearDataForOrigin", {"origin": self.live.url, "storageTypes": _OWN})
        await machine.detach()
        await eye.context.clear_cookies()
        if who:
            await eye.context.add_cookies(cast("Any", await who.context.cookies()))

    async def _look_around(self, eye: Someone, lang: str, way: _Way) -> None:
        """Take addresses until none is left and nobody is looking at a page that may lead to more."""
        while way.waiting or way.looking:
            if not way.waiting:
                await asyncio.sleep(0.05)
                continue
            url = way.waiting.pop(0)
            way.looking += 1
            way.add(await self._look_at(eye, url, lang, way))
            way.looking -= 1

    async def _look_at(self, eye: Someone, url: str, lang: str, way: _Way) -> list[str]:
        """Return where a page leads that is looked at for the first time.

        A payer's lists that another has looked at are passed through, for each of them has something else.
        """
        template = self.template_of(url)
        async with self._doors[template]:
            if template and template not in self.looked_at:
                links = await self._open(eye, url, lang)
                if links is not None:
                    self.looked_at[template] = f"{way.name} {url}"
                return links or []
        if template.startswith("/my") and template not in way.passed and "{" not in template:
            way.passed.add(template)
            await eye.page.goto(url, wait_until="domcontentloaded")
            found: str = await eye.page.evaluate(_LINKS)
            return found.split()
        return []

    async def _open(self, eye: Someone, url: str, lang: str) -> list[str] | None:
        """Look at a page and return where it leads; nowhere from a file, ``None`` where it is not what it was to be."""
        try:
            return await self._open_page(eye, url, lang)
        except BrowserError as error:
            if "Download is starting" not in str(error):
                raise
            return []

    async def _open_page(self, eye: Someone, url: str, lang: str) -> list[str] | None:
        if eye.page.viewport_size != NARROW:
            await eye.page.set_viewport_size(NARROW)
        answer = await eye.page.goto(url, wait_until="load")
        if (
            answer is None
            or answer.status not in SHOWN
            or self.template_of(eye.page.url) != self.template_of(url)
        ):
            return None
        glance = await eye.page.evaluate(_GLANCE, [*NOT_LOOKED_AT])
        self.problems += [f"{url} ({eye.name}): {one}" for one in await self._wrong(eye, lang, glance)]
        links: str = glance["links"]
        return links.split()

    async def _wrong(self, eye: Someone, lang: str, glance: dict[str, Any]) -> list[str]:
        """Return what is wrong with a page; colours and the wide window are for what was not seen yet."""
        looks, shapes = (set(glance[name].split()) for name in ("looks", "shapes"))
        new_looks, new_shapes = looks - self._looks, shapes - self._shapes
        self._looks |= looks
        self._shapes |= shapes
        if new_looks:
            await eye.page.evaluate(_MARK, " ".join(new_looks))
        found = await violations(eye.page, but=() if new_looks else OF_LOOKS)
        if glance["lang"] != lang:
            found.append(f"the language is not {lang}")
        if glance["overflow"] > 0:
            found.append(f"{glance['overflow']} px wider than {NARROW['width']}")
        found += [f"there is no icon {name}" for name in glance["icons"].split()]
        if glance["headings"] != 1:
            found.append("there is not one h1")
        if new_shapes:
            await eye.page.set_viewport_size(WIDE)
            more = await overflow(eye.page)
            found += [f"{more} px wider than {WIDE['width']}"] if more > 0 else []
        return found
