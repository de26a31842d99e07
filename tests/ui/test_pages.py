import re
from pathlib import Path

import httpx2
import pytest
from starlette.applications import Starlette
from starlette.requests import Request

from tests.page import BadPageError, inspect
from ui.i18n import ROOT
from ui.render import page_context
from ui.shell import Shell
from ui.styleguide import FACES, _form, context, sample_shell
from ui.templating import environment, render, serving, template_folders

PARTIAL = {"HX-Request": "true", "HX-Request-Type": "partial"}


@pytest.mark.parametrize("face", FACES)
@pytest.mark.parametrize("language", ["en", "zh-CN"])
async def test_style_guide_is_a_good_page_in_every_face_and_language(
    web: httpx2.AsyncClient, face: str, language: str
) -> None:
    answer = await web.get(f"/styleguide?face={face}", headers={"Accept-Language": language})
    page = inspect(answer.text)
    assert answer.status_code == 200
    assert page.get("lang") == language
    assert ("样式指南" in answer.text) is (language == "zh-CN")


def test_style_guide_or_a_layout_shows_every_macro() -> None:
    sources = [path.read_text() for path in (ROOT / "ui/templates/ui").rglob("*.html")]
    used = {name for text in sources for name in re.findall(r"ui\.(\w+)\(", text)}
    assert set(environment().globals["ui"].names()) - used - {"link"} == set()  # type: ignore[attr-defined]


def test_an_unknown_macro_is_an_error() -> None:
    with pytest.raises(AttributeError, match=r"no macro ui\.sparkle"):
        environment().globals["ui"].sparkle  # type: ignore[attr-defined]  # noqa: B018


async def test_htmx_gets_the_block_that_the_handler_named(web: httpx2.AsyncClient) -> None:
    answer = await web.get("/styleguide?sort=-unit", headers=PARTIAL)
    inspect(answer.text, fragment=True)
    assert answer.text.lstrip().startswith('<div class="tablebox" id="bills">')
    assert answer.headers["Vary"] == "HX-Request, HX-Request-Type"
    assert 'aria-sort="descending"' in answer.text


@pytest.mark.parametrize("kind", ["full", ""])
async def test_other_htmx_requests_get_the_whole_page(web: httpx2.AsyncClient, kind: str) -> None:
    answer = await web.get("/styleguide", headers={"HX-Request": "true", "HX-Request-Type": kind})
    inspect(answer.text)


@pytest.mark.parametrize(
    ("path", "leads_to"), [("/confirm?page=2", "/confirm?page=2"), ("/said", "/styleguide")]
)
async def test_a_part_of_a_page_without_parts_makes_the_browser_open_the_page(
    web: httpx2.AsyncClient, path: str, leads_to: str
) -> None:
    answer = await web.get(path, headers=PARTIAL)
    assert (answer.status_code, answer.text, answer.headers["HX-Redirect"]) == (200, "", leads_to)


def _templates() -> list[str]:
    return [p.relative_to(folder).as_posix() for folder in template_folders() for p in folder.rglob("*.html")]


def _request(site: Starlette) -> Request:
    return Request({
        "type": "http", "app": site, "method": "GET", "path": "/styleguide", "headers": [], "query_string": b"",
        "server": ("cloud.test", 443), "scheme": "https", "router": site.router, "state": {},
    })  # fmt: skip


@pytest.mark.parametrize("block", ["title", "breadcrumb", "lede", "actions", "content", "listing"])
async def test_every_block_of_the_style_guide_renders_alone(site: Starlette, block: str) -> None:
    request = _request(site)
    full = {**page_context(request, sample_shell()), **context(request, _form())}
    with serving(request):
        inspect(render("ui/styleguide.html", full, block=block), fragment=True)


@pytest.mark.parametrize("name", _templates())
def test_templates_compile_and_stay_short(name: str) -> None:
    environment().get_template(name)
    source, _, _ = environment().loader.get_source(environment(), name)
    assert len(source.splitlines()) <= 80


async def test_progress_reloads_without_script_and_polls_with_it(web: httpx2.AsyncClient) -> None:
    page = (await web.get("/progress?done=3")).text
    inspect(page)
    assert '<noscript><meta http-equiv="refresh" content="3"></noscript>' in page
    part = (await web.get("/progress?done=3", headers=PARTIAL)).text
    assert 'data-hx-trigger="every 2s"' in part
    assert "See the units" not in part


async def test_finished_progress_stops_asking_and_leads_on(web: httpx2.AsyncClient) -> None:
    page = (await web.get("/progress?done=10")).text
    inspect(page)
    assert "http-equiv" not in page
    assert "data-hx-trigger" not in page
    assert 'href="/units"' in page


async def test_confirm_page_posts_what_it_was_given(web: httpx2.AsyncClient) -> None:
    page = (await web.get("/confirm")).text
    inspect(page)
    assert 'action="/void"' in page
    assert '<input type="hidden" name="key" value="k">' in page


async def test_a_wrong_form_keeps_what_was_typed_and_says_so(web: httpx2.AsyncClient) -> None:
    answer = await web.post("/styleguide", data={"name": "<b>Tan", "amount_minor": "1,5"})
    inspect(answer.text)
    assert answer.status_code == 422
    assert 'value="&lt;b&gt;Tan"' in answer.text
    assert 'value="1,5"' in answer.text
    assert '<a href="#amount_minor">Amount: Enter an amount in figures, like 1,234.50.</a>' in answer.text


async def test_redirect_to_another_origin_makes_htmx_leave_the_page(web: httpx2.AsyncClient) -> None:
    plain, partial = await web.get("/away"), await web.get("/away", headers=PARTIAL)
    assert (plain.status_code, plain.headers["Location"]) == (303, "https://pay.test/session")
    assert (partial.status_code, partial.headers["HX-Redirect"]) == (200, "https://pay.test/session")


async def test_flash_is_shown_once_in_the_language_of_the_page(web: httpx2.AsyncClient) -> None:
    await web.get("/said")
    first = await web.get("/styleguide", headers={"Accept-Language": "zh"})
    assert "文件超过 2 MB。" in first.text
    assert "文件超过" not in (await web.get("/styleguide", headers={"Accept-Language": "zh"})).text


async def test_flash_comes_with_a_partial_too(web: httpx2.AsyncClient) -> None:
    await web.get("/said")
    part = (await web.get("/styleguide", headers=PARTIAL)).text
    inspect(part, fragment=True)
    assert 'id="flash" data-hx-swap-oob="true"' in part


async def test_forged_flash_is_ignored(web: httpx2.AsyncClient) -> None:
    web.cookies.set("flash", "W3sidGV4dCI6ImhpIn1d.aaaa.bbbb")
    assert (await web.get("/styleguide")).status_code == 200


def test_current_place_is_the_longest_that_leads_here() -> None:
    shell = sample_shell().at("/styleguide/bills/7")
    assert [item.href for group in shell.nav for item in group.items if item.is_current] == [
        "/styleguide/bills"
    ]
    assert Shell().layout == "ui/public.html"


@pytest.mark.parametrize(
    ("html", "complaint"),
    [
        ("<p id=a></p><p id=a></p>", "not unique"),
        ("<input name=x>", "no label"),
        ("<a href='/x'></a>", "no name"),
        ("<p style='color:red'>x</p>", "inline style"),
        ("<p onclick='x()'>x</p>", "inline onclick"),
        ("<p data-hx-on:click='x()'>x</p>", "inline data-hx-on:click"),
        ("<script>1</script>", "inline <script>"),
        ("<label for=y>x</label>", "points at nothing"),
        ("<p><div>x</p>", "HTML:"),
        ("<p>Undefined</p>", "the page shows"),
    ],
)
def test_inspection_finds_what_is_wrong(html: str, complaint: str) -> None:
    with pytest.raises(BadPageError, match=complaint):
        inspect(html, fragment=True)


def test_inspection_wants_a_whole_page() -> None:
    with pytest.raises(BadPageError, match="no language"):
        inspect("<!doctype html><title>x</title><p>x")


def test_own_folders_are_found() -> None:
    assert Path(ROOT / "ui/templates") in template_folders()
