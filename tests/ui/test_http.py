import gzip

import httpx2
import pytest
from starlette.datastructures import Headers

from ui.http import accepted_languages, safe_next
from ui.static import assets, static_url


@pytest.mark.parametrize(
    ("accept", "lang"),
    [("zh-CN,zh;q=0.9", "zh-CN"), ("zh-TW", "zh-CN"), ("en-SG,zh;q=0.1", "en"), ("fr", "en"), ("", "en"),
     ("en;q=0.2, zh;q=0.8", "zh-CN"), ("x;q=nan,zh", "zh-CN")],
)  # fmt: skip
async def test_language_follows_the_browser(web: httpx2.AsyncClient, accept: str, lang: str) -> None:
    assert f'lang="{lang}"' in (await web.get("/nowhere", headers={"Accept-Language": accept})).text


async def test_language_chosen_stays(web: httpx2.AsyncClient) -> None:
    answer = await web.post("/language", data={"lang": "zh_CN", "next": "/nowhere?a=1"})
    assert (answer.status_code, answer.headers["Location"]) == (303, "/nowhere?a=1")
    assert 'lang="zh-CN"' in (await web.get("/nowhere", headers={"Accept-Language": "en"})).text


async def test_theme_chosen_stays(web: httpx2.AsyncClient) -> None:
    await web.post("/theme", data={"theme": "dark", "next": "/"})
    assert 'data-theme="dark"' in (await web.get("/nowhere")).text
    await web.post("/theme", data={"theme": "auto", "next": "/"})
    assert "data-theme" not in (await web.get("/nowhere")).text


@pytest.mark.parametrize("path", ["/language", "/theme"])
async def test_unknown_choices_leave_no_cookie(web: httpx2.AsyncClient, path: str) -> None:
    answer = await web.post(path, data={"lang": "../x", "theme": "x", "next": "//evil.test"})
    assert answer.headers["Location"] == "/"
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize(
    ("target", "safe"),
    [("/a?b=1", True), ("//evil.test", False), ("https://evil.test", False), ("/\\evil.test", False), ("", False),
     ("/a\r\nSet-Cookie: x", False), ("javascript:1", False), ("/\t/evil.test", False)],
)  # fmt: skip
def test_next_leads_nowhere_else(target: str, safe: bool) -> None:
    assert safe_next(target, "/home") == (target if safe else "/home")


def test_languages_come_best_first() -> None:
    headers = Headers({"accept-language": "en;q=0.5, zh , fr;q=0.9"})
    assert accepted_languages(headers) == ["zh", "fr", "en"]


async def test_assets_are_cached_for_ever_under_their_hash(web: httpx2.AsyncClient) -> None:
    url = static_url("app.css")
    answer = await web.get(url)
    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert answer.headers["Content-Encoding"] == "gzip"
    assert answer.text.startswith("@layer reset, base, components, modules, utilities;")
    plain = await web.get(url, headers={"Accept-Encoding": "identity"})
    assert "Content-Encoding" not in plain.headers
    assert plain.content == answer.content
    unchanged = await web.get(url, headers={"If-None-Match": answer.headers["ETag"]})
    assert unchanged.status_code == 304


@pytest.mark.parametrize(
    "path", ["/static/app.css", "/static/app.000000000000.css", "/static/../app.py", "/static/"]
)
async def test_nothing_but_assets_is_served(web: httpx2.AsyncClient, path: str) -> None:
    assert (await web.get(path)).status_code == 404


def test_packed_assets_are_the_same_bytes() -> None:
    assert all(gzip.decompress(asset.packed) == asset.content for asset in assets().values())


def test_every_style_is_in_the_bundle_and_in_a_layer() -> None:
    bundle = assets()["app.css"].content.decode()
    assert ".btn--primary" in bundle
    assert bundle.count("@layer") > 10


async def test_brand_colours_are_one_style_sheet(web: httpx2.AsyncClient) -> None:
    answer = await web.get("/brand/c8102e.css")
    assert answer.headers["Content-Type"].startswith("text/css")
    assert "--accent:#c8102e" in answer.text
    odd = await web.get("/brand/%7D%3Cscript%3E.css")
    assert "script" not in odd.text
