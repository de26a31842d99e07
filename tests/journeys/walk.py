"""Every page of the route table, found by following links as somebody would, and looked at closely."""

import asyncio
import re
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from playwright.async_api import Error as BrowserError

from tests.browser import carry_axe, overflow, violations
from tests.journeys.live import ROOT, Live
from tests.journeys.lobby import Lobby
from tests.journeys.someone import Someone

NARROW, WIDE = {"width": 320, "height": 640}, {"width": 1280, "height": 900}
LANGUAGES = (("en-GB", "en"), ("zh-CN", "zh-CN"))
SHOWN = {200, 410}
"""410: what an invitation says once it has been taken up."""
_FACTS = """() => ({
  lang: document.documentElement.lang,
  headings: document.querySelectorAll("h1").length,
  overflow: document.documentElement.scrollWidth - document.documentElement.clientWidth,
  icons: [...document.querySelectorAll("use")]
    .filter(use => use.closest("svg").checkVisibility() && !use.getBBox().width)
    .map(use => use.getAttribute("href")),
})"""
"""What a page says of itself, asked for at once: each question more costs as much as all of them."""
_LINKS = """() => [...document.querySelectorAll("a[href]")]
  .map(link => new URL(link.getAttribute("href"), document.baseURI).href)"""
"""The attribute, since a link inside a drawing has an object in ``href``."""
_SHAPES = """() => {
  const form = e => [e.localName, ...[...e.attributes]
    .filter(a => /^(class|open|rel|type|readonly|inputmode|disabled|aria-\\w+)$/.test(a.name))
    .map(a => /^aria-(label|describe|control)/.test(a.name) ? "" : `${a.name}=${a.value}`)].join(" ");
  return [...new Set([...document.body.querySelectorAll("*")].map(e => `${form(e.parentElement)} > ${form(e)}`))];
}"""
"""Everything that a style sheet can tell apart, with what it stands in: no page has styles of its own."""
OF_STYLE = ("color-contrast",)
"""What axe looks at longest, and what depends on shapes alone."""


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
    _shapes: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    """Those that have been looked at, by scheme."""
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
        state = await who.context.storage_state() if who else None
        waiting = [self.live.url + path.removeprefix(self.live.url) for path in starts]
        for url in waiting:
            self.looked_at.pop(self.template_of(url), None)
        name = who.name if who else "nobody"
        eyes = [
            await people.guest(f"{name}-{lang}", storage_state=state, locale=locale, viewport=NARROW)
            for locale, lang in LANGUAGES
        ]
        for eye in eyes:
            await carry_axe(eye.context)
        way = _Way()
        way.add(waiting)
        pairs = zip(eyes, LANGUAGES, strict=True)
        await asyncio.gather(*(self._look_around(eye, lang, way) for eye, (_, lang) in pairs))
        for eye in eyes:
            await eye.context.close()

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
                    self.looked_at[template] = f"{eye.name} {url}"
                return links or []
        if template.startswith("/my") and template not in way.passed and "{" not in template:
            way.passed.add(template)
            await eye.page.goto(url, wait_until="domcontentloaded")
            found: list[str] = await eye.page.evaluate(_LINKS)
            return found
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
        scheme = ("light", "dark")[len(self.looked_at) % 2]
        if eye.page.viewport_size != NARROW:
            await eye.page.set_viewport_size(NARROW)
        await eye.page.emulate_media(color_scheme=scheme)
        answer = await eye.page.goto(url, wait_until="load")
        if (
            answer is None
            or answer.status not in SHOWN
            or self.template_of(eye.page.url) != self.template_of(url)
        ):
            return None
        shapes = set(await eye.page.evaluate(_SHAPES))
        is_new = not shapes <= self._shapes[scheme]
        self._shapes[scheme] |= shapes
        wrong = await self._wrong(eye, lang, is_new=is_new)
        self.problems += [f"{url} ({lang}, {scheme}): {one}" for one in wrong]
        links: list[str] = await eye.page.evaluate(_LINKS)
        return links

    async def _wrong(self, eye: Someone, lang: str, *, is_new: bool) -> list[str]:
        """Return what is wrong with a page; colours and the wide window need no look where no shape is new."""
        page = eye.page
        found = await violations(page, but=() if is_new else OF_STYLE)
        facts = await page.evaluate(_FACTS)
        if facts["lang"] != lang:
            found.append(f"the language is not {lang}")
        if facts["overflow"] > 0:
            found.append(f"{facts['overflow']} px wider than {NARROW['width']}")
        found += [f"there is no icon {name}" for name in facts["icons"]]
        if facts["headings"] != 1:
            found.append("there is not one h1")
        if is_new:
            await page.set_viewport_size(WIDE)
            found += [f"{more} px wider than {WIDE['width']}" for more in [await overflow(page)] if more > 0]
        return found
