"""Every page, for whoever may open it: axe finds nothing, it fits a phone, and the browser has nothing to say.

Each template is looked at once at 320 px, in one language and one scheme, and again where somebody else begins. Colours
are looked at wherever something looks as nothing did before, and the wide window where a page has a new shape: see
``walk.py``.
What is wrong with the HTML itself is found by ``tests/page.py`` in every test that gets the page.
"""

import asyncio
import re
from collections.abc import Callable
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser

from tests.journeys import managing
from tests.journeys.estate import Estate
from tests.journeys.live import Live
from tests.journeys.lobby import Lobby, lobby
from tests.journeys.someone import Someone, all_complaints
from tests.journeys.story import Desk
from tests.journeys.walk import Walk, pages_of

NO_PAGES = (
    r"/static/.*", r"/(brand|logos)/.*", r"/app-icons/.*", r"/docs/pictures/.*", r"/healthz", r"/readyz", r"/metrics",
    r"/fhir/.*", r"/scim/.*", r"/\.well-known/.*", r"/api/.*", r"/oauth/.*", r"/lti/.*", r"/sign-in/ended/\{bank\}",
    r"/.*\.json", r"/.*\.js", r"/.*\.py", r"/.*/pdf", r"/.*/evidence", r"/.*/blank", r"/.*/rejected", r"/.*/file",
    r"/.*/content", r"/.*/proof", r"/.*/files/\{n\}", r"/.*/documents/\{document\}", r"/.*/papers/\{id\}",
    r"/.*/answer-files/.*", r"/.*/disputes/.*/files/.*", r"/.*/(work|repairs)/.*/files/.*",
    r"/t/\{tenant\}/payments/\{id\}/receipt", r"/.*/complaint-files/.*",
    r"/.*/(appointments|consulting|waiting-rooms)/\{id\}/news", r"/screens/\{secret\}/news",
    r"/gate/photos/.*", r"/.*/apps/\{id\}/standing",
    r"/.*/worklist/count",
)  # fmt: skip
"""Files and figures for machines."""
ELSEWHERE = (
    r"/t/\{tenant\}/merchants/\{id\}/orders/\{order\}|/my/orders/\{id\}",  # need an order that is being paid
    r"/styleguide.*",  # tests/ui looks at it in every face, language and scheme
    r"/sign-in/callback",  # where the bank sends people: it only leads on
    r"/sign-in/confirm",  # every journey with a step-up goes through it
    r"/resume/\{token\}",  # test_bad_input comes to it
    r"/t/\{tenant\}/tasks/\{id\}",  # leads on as soon as its work is done: an import waits there
    r"/my/accounts/confirmation",  # leads back to the form that sends it
    r"/my/checkouts/.*",  # tests/billing/checkouts looks at both in a real browser
    r"/t/\{tenant\}/runs/\{id\}/(approval|decisions|exceptions/\{exception_id\})",  # need a run that waits
    r"/t/\{tenant\}/worklist/next",  # leads on to what waits: test_worklist comes through it
    r"/t/\{tenant\}/fees/\{id\}/rehearsals/\{rehearsal\}",  # needs a rehearsal that has been worked out
    r"/my/(plans|answers)/\{id\}",  # need a payer who has agreed on something
    r"/vendor-invitations/\{token\}",  # tests/integrations/apps comes to it
    r"/t/\{tenant\}/rosters/\{id\}",  # needs a bundle: tests/scenarios/education/test_rosters.py looks at it
    r"/my/top-ups/\{id\}",  # leads from a paid top-up to what it was for
    r"/my/care/at/\{hospital\}/sessions/\{id\}/look",  # is reached by a form; test_pages of the hospital comes to it
    r"/my/care/payments/\{id\}",  # is where a payment under way leads; test_orders comes to it
    r"/my/bills/\{id\}/credit",  # needs a payer who has paid ahead
    r"/visit/\{site\}/\{day\}/\{slot\}/order",  # test_tourism looks at it, and at the next two
    r"/tickets/\{token\}(/.*)?",  # test_tourism comes to them with what it bought
    r"/t/\{tenant\}/apps/\{id\}",  # test_apps opens apps in their frames
    r"/gate(/devices/\{key\})?",  # need a device of a gate
    r"/launch/\{id\}",  # leads on to a place of an app: test_launching comes through it
    r"/my/school/\{account_id\}/tools/\{id\}",  # leads on to a learning tool: test_tools of education opens it
    r"/my/baskets/\{id\}",  # needs a basket that is being paid: test_baskets looks at it
    r"/passed-on/\{token\}",  # needs the letter to a new holder: test_standing of tourism looks at it
)


NEWCOMER = "p-nur"
DEMONSTRATION: tuple[tuple[str, ...], ...] = (
    ("op-goh", "company", "/t/tengah"),
    ("p-siti", "personal", "/my"),
    ("op-rahim", "company", "/t/hillside"),
    (
        "op-yeo",
        "company",
        "/t/hillside/classes",
        "/t/hillside/school-fees",
        "/t/hillside/reconciliation/settlement",
    ),
    ("op-wati", "company", "/t/hillside/till"),
    ("p-chen", "personal", "/my/school"),
    ("p-tan", "personal", "/my/home"),
    ("op-sulaiman", "company", "/t/tengah/wallets"),
    ("p-kumar", "personal", "/my/payments"),
    ("staff-lin", "staff", "/bank/harbour"),
    ("op-rahul", "company", "/vendor/peopleware", "/vendors", "/vendors/new"),
    ("staff-ong", "staff", "/bank/harbour"),
    ("staff-qiao", "staff", "/bank/straits"),
    ("staff-tan", "staff", "/bank/straits/members"),
    ("staff-gao", "staff", "/bank/harbour"),
    (
        "op-palace-director",
        "company",
        "/t/palace-museum/sites",
        "/t/palace-museum/agencies",
        "/t/palace-museum/passes",
        "/t/palace-museum/visitor-blocks",
    ),
    ("op-agency-fang", "company", "/my/agencies"),
    ("op-leong", "company", "/t/harbour-hospital"),
    ("op-rosli", "company", "/t/tengah/work/mine"),
    ("p-ho", "personal", "/my/care"),
)
"""Who plays in it, and where they begin: it has something of everything."""
Everybody = tuple[Live, Estate, Someone, Desk, str, Callable[[], Path]]


@pytest_asyncio.fixture(loop_scope="session")
async def everybody(
    live: Live, estate: Estate, resident: Someone, desk: Desk, tmp_path_factory: pytest.TempPathFactory
) -> Everybody:
    """Return everybody who has pages to look at, an unpaid bill's link, and where to leave what went wrong."""
    return live, estate, resident, desk, await estate.pay_link(), lambda: tmp_path_factory.mktemp("walk")


async def test_every_page_is_accessible_and_fits(everybody: Everybody, browser: Browser) -> None:
    live, estate, resident, desk, link, folder = everybody
    person = {"id": NEWCOMER, "kind": "personal", "name": "Nur Aisyah", "level": 2}
    live.control("customers", {"bank": "harbour", "customers": [person]})
    walk = Walk(live, pages_of(live), (*NO_PAGES, *ELSEWHERE))
    root = estate.court.root
    async with lobby(browser, live, folder) as people:
        draft = await managing.address_of_fee(estate.administrator, estate.court, "Shop service charge")
        bill = await managing.address_of_bill(estate.administrator, estate.court, next(estate.fresh))
        await estate.administrator.press("Send a reminder")  # its letter is opened at the end
        work = [one for one in DEMONSTRATION if one[1] == "company"]
        rest = [one for one in DEMONSTRATION if one[1] != "company"]
        await asyncio.gather(_play(walk, people, work), _play(walk, people, rest))
        gate = [f"{root}/go-live", f"{root}/go-live/trial"]
        starts = [root, desk.refund, f"{draft}/activation", bill, *gate, *estate.addresses[1:]]
        await walk.go(people, estate.administrator, starts)
        await walk.go(people, desk.cashier, [f"{root}/desk", *desk.addresses])
        await walk.go(people, resident, ["/my"])
        await walk.go(people, estate.manager, ["/bank/harbour", estate.addresses[0]])
        await walk.go(people, estate.reviewer, ["/bank/harbour"])
        newcomer = await people.guest("newcomer")
        await newcomer.sign_in(NEWCOMER, "personal")
        await walk.go(people, newcomer, ["/home"])
        public = [
            "/",
            "/docs",
            "/visit/palace",
            "/apply",
            link,
            *desk.links,
            "/verify",
            "/sign-in/code/entry",
        ]
        await walk.go(people, None, public)
        await _letters(walk, people)
        missed = [f"nobody comes to {template}" for template in walk.missed]
        found = [*walk.problems, *all_complaints(people.people), *missed]
        assert not found, "\n".join(["pages are wrong:", *found])


BESIDE = {
    "op-goh": (
        *(
            ("/t/tengah/accounts?q=111A+Plantation+Cres+%2307-04", "/accounts/", page)
            for page in (
                "/plans/new",
                "/handover",
                "/payer",
                "/reshaping",
                "/deposits/new",
                "/prepaid",
                "/moving-out",
            )
        ),
        ("/t/tengah/suspense", "/suspense/", "/credit"),
        ("/t/tengah/plans", "/plans/", ""),
        ("/t/tengah/plans", "/plans/", "/breaking"),
        ("/t/tengah/payments", "/payments/", "/shares"),
        ("/t/tengah/wallets", "/wallets/", "/payouts/new"),
        ("/t/tengah/apps", "/apps/catalogue/", "/installation"),
    ),
    "op-sulaiman": (("/t/tengah/wallets", "/wallets/", "/top-ups/new"),),
    "op-rahim": (("/t/hillside/accounts", "/accounts/", ""),),
    "op-yeo": (("/t/hillside/accounts", "/accounts/", ""),),
    "staff-ong": (
        ("/bank/harbour/tenants", "/tenants/", "/support"),
        ("/bank/harbour/tenants?q=tengah", "/tenants/", ""),
    ),
    "op-leong": (("/t/harbour-hospital/departments", "/departments/", ""),),
    "p-chen": (("/my", "/bills/", "/answers"),),
}
"""Lists with something in them that has a page to which not every such thing leads, by who may open it."""


async def _play(walk: Walk, people: Lobby, players: list[tuple[str, ...]]) -> None:
    """Let these look one after another: who comes first finds the lists of its place fullest."""
    for name, kind, *begin in players:
        player = await _player(people, name, kind)
        await walk.go(people, player, [*begin, *await _beside(player, name)])
        await player.context.close()


async def _beside(player: Someone, name: str) -> list[str]:
    """Return pages of the first thing in a list to which not every such thing leads."""
    return [
        address + rest
        for path, part, rest in BESIDE.get(name, ())
        if (await player.go(path)).ok and (address := await _first(player, part))
    ]


async def _first(player: Someone, part: str) -> str:
    links: list[str] = await player.page.evaluate(
        "() => [...document.querySelectorAll('main a')].map(a => a.href)"
    )
    return next((link for link in links if re.search(f"{part}[0-9a-f-]{{36}}$", link)), "")


async def _player(people: Lobby, customer: str, kind: str) -> Someone:
    player = await people.guest(customer)
    await player.sign_in(customer, kind)
    return player


async def _letters(walk: Walk, people: Lobby) -> None:
    """Open the links that came by mail."""
    texts = [message["text"] for message in walk.live.control("mail")["messages"]]
    found = [link for text in texts for link in re.findall(r"http\S+", text)]
    await walk.go(people, None, [link for link in found if walk.template_of(link) not in walk.looked_at])
