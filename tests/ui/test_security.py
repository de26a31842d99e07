import httpx2
import pytest
from starlette.applications import Starlette

from ui.security import content_security_policy, limit_for


async def test_every_answer_carries_the_headers(web: httpx2.AsyncClient) -> None:
    for path in ("/styleguide", "/nowhere", "/number", "/brand/0b6b5d.css"):
        headers = (await web.get(path)).headers
        assert "default-src 'self'" in headers["Content-Security-Policy"]
        assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
        assert "unsafe" not in headers["Content-Security-Policy"]
        assert headers["Strict-Transport-Security"].startswith("max-age=63072000")
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "same-origin"
        assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
        assert "camera=()" in headers["Permissions-Policy"]


def test_policy_lets_forms_lead_only_where_they_may() -> None:
    assert content_security_policy(("https://pay.test",)).endswith("form-action 'self' https://pay.test")


async def test_one_page_may_post_to_an_app(web: httpx2.AsyncClient) -> None:
    assert (
        "https://pay.test https://app.test" in (await web.get("/launch")).headers["Content-Security-Policy"]
    )
    assert "app.test" not in (await web.get("/number")).headers["Content-Security-Policy"]


@pytest.mark.parametrize(
    ("headers", "allowed"),
    [
        ({"Sec-Fetch-Site": "same-origin"}, True),
        ({"Sec-Fetch-Site": "none"}, True),
        ({"Sec-Fetch-Site": "same-site"}, False),
        ({"Sec-Fetch-Site": "cross-site"}, False),
        ({"Sec-Fetch-Site": "cross-site", "Origin": "https://cloud.test"}, False),
        ({"Sec-Fetch-Site": "nonsense"}, False),
        ({"Origin": "https://cloud.test"}, True),
        ({"Origin": "https://evil.test"}, False),
        ({"Origin": "https://cloud.test.evil.test"}, False),
        ({"Origin": "null"}, False),
        ({"Origin": ""}, False),
        ({}, True),
    ],
)
async def test_posts_must_come_from_here(
    web: httpx2.AsyncClient, headers: dict[str, str], allowed: bool
) -> None:
    answer = await web.post("/size", content=b"abc", headers=headers)
    assert (answer.status_code == 200) is allowed
    if not allowed:
        assert answer.status_code == 403
        assert "This form was sent from another website." in answer.text


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "POST", "QUERY"])
async def test_every_unsafe_method_is_refused_from_elsewhere(web: httpx2.AsyncClient, method: str) -> None:
    assert (await web.request(method, "/size", headers={"Sec-Fetch-Site": "cross-site"})).status_code == 403


async def test_links_from_elsewhere_and_webhooks_are_welcome(web: httpx2.AsyncClient) -> None:
    foreign = {"Sec-Fetch-Site": "cross-site"}
    assert (await web.get("/number", headers=foreign)).status_code == 200
    assert (await web.post("/webhooks/large", content=b"x", headers=foreign)).status_code == 200


async def test_bodies_beyond_the_limit_are_refused(web: httpx2.AsyncClient) -> None:
    assert (await web.post("/size", content=b"x" * 1000)).text == "1000"
    answer = await web.post("/size", content=b"x" * 1001)
    assert answer.status_code == 413
    assert "Choose a smaller file" in answer.text


async def test_a_longer_limit_goes_with_its_path(web: httpx2.AsyncClient) -> None:
    assert (await web.post("/webhooks/large", content=b"x" * 5000)).text == "5000"
    assert (await web.post("/webhooks/large", content=b"x" * 5001)).status_code == 413
    assert limit_for("/a/b/c", {"/a": 1, "/a/b": 2}, 3) == 2
    assert limit_for("/x", {"/a": 1}, 3) == 3


async def test_a_body_that_lies_about_its_length_is_cut_off(site: Starlette) -> None:
    sent: list[int] = []

    async def body() -> object:
        for _ in range(30):
            sent.append(100)
            yield b"x" * 100

    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(site), base_url="https://cloud.test") as web:
        answer = await web.post("/size", content=body())
    assert answer.status_code == 413


@pytest.mark.parametrize(
    ("given", "kept"), [("trace-12345678", True), ("short", False), ("a" * 65, False), ("x y z 12345", False)]
)
async def test_a_request_number_is_kept_or_made(web: httpx2.AsyncClient, given: str, kept: bool) -> None:
    answer = await web.get("/number", headers={"X-Request-ID": given})
    assert answer.headers["X-Request-ID"] == answer.text
    assert (answer.text == given) is kept
    assert len(answer.text) >= 8
