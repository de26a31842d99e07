import httpx2
import pytest

from tests.page import inspect

PARTIAL = {"HX-Request": "true", "HX-Request-Type": "partial"}
JSON = {"Accept": "application/json"}


async def test_an_unknown_address_is_a_calm_page(web: httpx2.AsyncClient) -> None:
    answer = await web.get("/nowhere")
    inspect(answer.text)
    assert answer.status_code == 404
    assert "There is nothing here" in answer.text
    assert "Nothing was charged or moved by this." in answer.text
    assert answer.headers["X-Request-ID"] in answer.text


async def test_a_crash_tells_what_it_means_for_the_money_and_nothing_else(web: httpx2.AsyncClient) -> None:
    read, paid = await web.get("/boom"), await web.post("/boom")
    inspect(paid.text)
    assert (read.status_code, paid.status_code) == (500, 500)
    assert "Nothing was charged or moved" in read.text
    assert "do not pay again yet" in paid.text
    assert "secret" not in paid.text
    assert "Content-Security-Policy" in paid.headers


async def test_a_crash_speaks_chinese(web: httpx2.AsyncClient) -> None:
    answer = await web.post("/boom", headers={"Accept-Language": "zh-CN,zh;q=0.9,en;q=0.8"})
    assert "请先不要重复支付" in answer.text


async def test_a_refusal_brings_its_own_words(web: httpx2.AsyncClient) -> None:
    answer = await web.get("/conflict")
    inspect(answer.text)
    assert answer.status_code == 409
    assert "This bill is already paid." in answer.text
    assert "Open the receipt." in answer.text


async def test_htmx_gets_a_fragment(web: httpx2.AsyncClient) -> None:
    answer = await web.get("/conflict", headers=PARTIAL)
    inspect(answer.text, fragment=True)
    assert answer.text.lstrip().startswith('<div class="problem')


@pytest.mark.parametrize(("path", "headers"), [("/conflict", JSON), ("/api/nothing", {})])
async def test_programs_get_problem_json(web: httpx2.AsyncClient, path: str, headers: dict[str, str]) -> None:
    answer = await web.get(path, headers={"Accept": "*/*", **headers})
    document = answer.json()
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert document["status"] == answer.status_code
    assert document["request_id"] == answer.headers["X-Request-ID"]
    assert {"type", "title", "detail", "code"} <= document.keys()


async def test_problem_json_names_the_fields(web: httpx2.AsyncClient) -> None:
    document = (await web.get("/invalid", headers=JSON)).json()
    assert document["fields"] == {"name": "Fill this in."}
    assert document["code"] == "unit.invalid"


async def test_headers_of_an_error_are_sent(web: httpx2.AsyncClient) -> None:
    assert (await web.get("/too-many")).headers["Retry-After"] == "60"


async def test_a_wrong_method_says_which_are_right(web: httpx2.AsyncClient) -> None:
    answer = await web.get("/size")
    assert answer.status_code == 405
    assert answer.headers["Allow"] == "POST"
