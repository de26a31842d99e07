"""The server does what its CapabilityStatement says, all of it and nothing else, and says so in FHIR's words."""

import re
from datetime import UTC, timedelta
from itertools import pairwise

from scenarios.hospital.fhir import codes
from tenants.ids import new_id
from tenants.models import Audit
from tests.scenarios.hospital.fhir.conftest import JSON, an_app, installed

VALUE_SETS = {
    ("Slot", "status"): {"busy", "free", "busy-unavailable", "busy-tentative", "entered-in-error"},
    ("Appointment", "status"): {
        *("proposed", "pending", "booked", "arrived", "fulfilled", "cancelled", "noshow", "entered-in-error"),
        *("checked-in", "waitlist"),
    },
    ("ChargeItem", "status"): {
        *("planned", "billable", "not-billable", "aborted", "billed", "entered-in-error", "unknown")
    },
    ("Invoice", "status"): {"draft", "issued", "balanced", "cancelled", "entered-in-error"},
    ("Account", "status"): {"active", "inactive", "entered-in-error", "on-hold", "unknown"},
    ("Patient", "gender"): {"male", "female", "other", "unknown"},
}
"""What FHIR R4 (4.0.1) requires; no library that we know of checks it."""
ACT_CODES = {"ACCTRECEIVABLE", "CASH", "CC", "PBILLACCT"}
KINDS_OF_VISIT = {"CHECKUP", "EMERGENCY", "FOLLOWUP", "ROUTINE", "WALKIN"}
PARTICIPATION = {"accepted", "declined", "tentative", "needs-action"}
PRICES = {"base", "surcharge", "deduction", "discount", "tax", "informational"}
ISSUES = {
    *("invalid", "login", "forbidden", "not-found", "not-supported", "conflict", "too-long", "business-rule"),
    *("throttled", "transient", "exception"),
}


async def of_everything(fhir):
    """A patient with a paid visit, and one whose visit is being paid."""
    ann, bo = await fhir.house.patient("Ann Tan"), await fhir.house.patient("Bo Lim")
    await fhir.house.booked(ann, await fhir.house.session())
    await fhir.house.book(bo, await fhir.house.session(1))
    return ann, bo


async def test_it_says_what_it_does_and_does_it(fhir):
    """Walk every interaction and every search parameter that the statement names."""
    await of_everything(fhir)
    said = await fhir.read("metadata")
    assert (said["resourceType"], said["fhirVersion"], said["status"]) == (
        "CapabilityStatement",
        "4.0.1",
        "active",
    )
    (rest,) = said["rest"]
    assert [one["code"] for one in rest["interaction"]] == ["transaction"]
    for resource in rest["resource"]:
        kind = resource["type"]
        listed = await fhir.found(kind)
        assert listed, f"the test has none of {kind}"
        assert {one["code"] for one in resource["interaction"]} >= {"read", "search-type"}
        assert (await fhir.read(f"{kind}/{listed[0]['id']}"))["id"] == listed[0]["id"]
        by_form = await fhir.client.post(
            f"{fhir.base}/{kind}/_search", data={"_id": listed[0]["id"]}, headers=fhir.headers()
        )
        assert [one["resource"]["id"] for one in by_form.json()["entry"]] == [listed[0]["id"]]
        is_dated = resource["versioning"] != "no-version"
        assert is_dated == ("meta" in listed[0]) == ("_lastUpdated" in _names(resource))
        for param in resource["searchParam"]:
            await finds_what_it_says(fhir, kind, param, listed)


def _names(resource):
    return {one["name"] for one in resource["searchParam"]}


async def finds_what_it_says(fhir, kind, param, listed):
    """A parameter finds the resource that has the value, and not those that have another."""
    has, has_not = EXAMPLES[param["type"]]
    name = param["name"]
    one, value = next((one, value) for one in listed if (value := has(one, name)))
    found = await fhir.found(f"{kind}?{name}={value}&_count=100")
    assert one["id"] in {each["id"] for each in found}, (kind, name, value)
    assert await fhir.found(f"{kind}?{name}={has_not(name)}") == [], (kind, name)


def _token(one, name):
    places = {"_id": "id", "active": "active", "status": "status", "identifier": "identifier"}
    found = one["appointmentType"]["coding"][0]["code"] if name == "appointment-type" else one[places[name]]
    if name == "identifier":
        return f"{found[0]['system']}|{found[0]['value']}"
    return str(found).lower() if name == "active" else found


def _reference(one, name):
    """Return the first reference of a resource that a parameter can mean; empty where it has none."""
    of = {"schedule": "Schedule", "slot": "Slot", "practitioner": "Practitioner", "account": "Account"}
    of |= {"partof": "Organization", "actor": "Practitioner"}
    kind = of.get(name, "Patient")
    found = re.search(rf"{kind}/[0-9a-f-]{{36}}", str(one.get("partOf", "") if name == "partof" else one))
    return found[0] if found else ""


def _date(one, name):
    span = one.get("planningHorizon", {})
    return (
        one["meta"]["lastUpdated"]
        if name == "_lastUpdated"
        else "ge2020-01-01"
        if not span
        else span["start"][:4]
    )


EXAMPLES = {
    "token": (_token, lambda name: "urn:nobody|x" if name != "_id" else str(new_id())),
    "reference": (_reference, lambda _: f"Patient/{new_id()}"),
    "date": (_date, lambda _: "lt1990"),
}


NOT_HERE = [
    ("GET", "Schedule/x", 404),
    ("GET", f"Slot/{new_id()}", 404),
    ("GET", "Observation", 404),
    ("GET", f"Slot/{new_id()}/_history/1", 404),
    ("GET", "", 405),
    ("GET", "$export", 404),
    ("POST", "Appointment", 405),
    ("DELETE", f"Appointment/{new_id()}", 405),
    ("PATCH", f"Appointment/{new_id()}", 405),
    ("PUT", f"Slot/{new_id()}", 405),
    ("GET", "Slot?colour=red", 400),
    ("GET", "Slot?status:not=free", 400),
    ("GET", "Schedule?_revinclude=Slot:schedule", 400),
    ("GET", "Slot?_sort=schedule", 400),
    ("GET", "Slot?start=ap2026", 400),
    ("GET", "Slot?start=2026-13", 400),
    ("GET", "Slot?status=", 400),
    ("GET", "Slot?_count=-1", 400),
    ("GET", "Slot?_page=made-up", 400),
    ("GET", "Slot?_format=xml", 406),
]


async def test_nothing_that_is_not_named_answers(fhir):
    """It is refused in FHIR's form, whatever a browser asks for."""
    for method, path, status in NOT_HERE:
        address = f"{fhir.base}/{path}" if path else fhir.base
        answer = await fhir.client.request(method, address, headers=fhir.headers(Accept="text/html"))
        assert (answer.status_code, answer.headers["content-type"]) == (status, JSON), (
            method,
            path,
            answer.text,
        )
        told = answer.json()
        assert told["resourceType"] == "OperationOutcome"
        assert {one["code"] for one in told["issue"]} <= ISSUES
        assert {one["severity"] for one in told["issue"]} == {"error"}


async def test_what_is_too_large_or_unforeseen_is_an_outcome_too(fhir, monkeypatch):
    large = await fhir.send({"resourceType": "Bundle", "id": "x" * 2_000_000})
    assert (large.status_code, large.json()["issue"][0]["code"]) == (413, "too-long")
    other = await fhir.client.post(
        fhir.base, content=b"<Bundle/>", headers=fhir.headers(**{"Content-Type": "text/xml"})
    )
    assert (other.status_code, other.json()["issue"][0]["code"]) == (415, "not-supported")
    broken = await fhir.client.post(fhir.base, content=b"{", headers=fhir.headers(**{"Content-Type": JSON}))
    assert (broken.status_code, broken.json()["issue"][0]["code"]) == (400, "invalid")


async def test_codes_are_those_that_fhir_requires(fhir):
    await of_everything(fhir)
    for (kind, name), allowed in VALUE_SETS.items():
        assert {one[name] for one in await fhir.found(f"{kind}?_count=100")} <= allowed
    told = {
        "Appointment": set(codes.STATUS.values()),
        "Invoice": set(codes.BILLS.values()),
        "ChargeItem": set(codes.ORDERS.values()),
    }
    assert all(found <= VALUE_SETS[kind, "status"] for kind, found in told.items())
    assert {code for code, _ in codes.VISITS.values()} <= KINDS_OF_VISIT
    (account,) = await fhir.found("Account?_count=1")
    coding = account["type"]["coding"][0]
    assert coding["system"] == "http://terminology.hl7.org/CodeSystem/v3-ActCode"
    assert coding["code"] in ACT_CODES
    for one in await fhir.found("Appointment"):
        assert {each["status"] for each in one["participant"]} <= PARTICIPATION
    for one in await fhir.found("Invoice"):
        assert {part["type"] for line in one["lineItem"] for part in line["priceComponent"]} <= PRICES


async def test_a_bill_is_its_items_and_shows_all_places_of_its_money(fhir):
    ann, _ = await of_everything(fhir)
    (invoice,) = await fhir.found(f"Invoice?patient={ann.id}")
    assert invoice["status"] == "balanced"
    assert "paymentTerms" not in invoice
    ids = [line["chargeItemReference"]["reference"] for line in invoice["lineItem"]]
    items = [await fhir.read(one) for one in ids]
    assert sum(one["priceOverride"]["value"] for one in items) == invoice["totalGross"]["value"]
    assert {one["supportingInformation"][0]["reference"] for one in items} == {f"Invoice/{invoice['id']}"}
    raw = (await fhir.get(f"Invoice/{invoice['id']}")).text
    assert re.search(r'"totalGross":\{"value":\d+\.00,"currency":"SGD"\}', raw)


async def test_lists_are_read_on_by_a_link_that_shows_nobody(fhir):
    session = await fhir.house.session()
    bundle = await fhir.read(f"Slot?schedule={session.id}&_count=2")
    assert "total" not in bundle
    seen, pages = [], 0
    while True:
        seen += [entry["resource"]["id"] for entry in bundle["entry"]]
        pages += 1
        following = [link["url"] for link in bundle["link"] if link["relation"] == "next"]
        if not following:
            break
        assert str(session.id) not in following[0]
        bundle = await fhir.read(following[0].partition(f"{fhir.base}/")[2])
    assert (len(seen), len(set(seen)), pages) == (5, 5, 3)
    starts = [(await fhir.read(f"Slot/{one}"))["start"] for one in seen]
    assert all(before <= after for before, after in pairwise(starts))
    assert (
        await fhir.get(f"Schedule?_page={following or bundle['link'][0]['url'][-20:]}")
    ).status_code == 400


async def test_dates_mean_what_their_precision_and_prefix_say(fhir):
    session = await fhir.house.session()
    here = f"Slot?schedule={session.id}&start="
    day = session.starts_at.astimezone(UTC) + timedelta(hours=8)
    first, last = session.starts_at, session.starts_at + timedelta(hours=2)
    moment = first.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    asked = {
        f"{day:%Y-%m-%d}": 5,
        f"eq{day:%Y-%m}": 5,
        f"ne{day:%Y}": 0,
        f"{moment}": 1,
        f"gt{moment}": 4,
        f"ge{moment}": 5,
        f"lt{moment}": 0,
        f"le{moment}": 1,
        f"sa{day:%Y-%m-%d}": 0,
        f"eb{(day + timedelta(days=1)):%Y-%m-%d}": 5,
        f"{first.astimezone(UTC) + timedelta(hours=8):%Y-%m-%dT%H:%M:%S}%2B08:00": 1,
        f"ge{moment}&start=lt{last.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}": 5,
        f"lt{moment},gt{moment}": 4,
    }
    for text, count in asked.items():
        assert len(await fhir.found(here + text)) == count, text
    spans = {f"{day:%Y-%m-%d}": True, f"lt{day:%Y-%m-%d}": False, f"ge{day:%Y}": True, f"sa{day:%Y}": False}
    for text, is_there in spans.items():
        found = await fhir.found(f"Schedule?_id={session.id}&date={text}")
        assert bool(found) is is_there, text


async def test_what_has_changed_since_is_found(fhir):
    ann = await fhir.house.patient()
    made = await fhir.house.book(ann, await fhir.house.session())
    before = await fhir.read(f"Appointment/{made.id}")
    since = before["meta"]["lastUpdated"]
    await fhir.house.pay(made)
    (after,) = await fhir.found(f"Appointment?_lastUpdated=gt{since}&patient={ann.id}")
    assert (before["status"], after["status"]) == ("pending", "booked")
    assert after["meta"]["versionId"] > before["meta"]["versionId"]
    same = await fhir.get(f"Appointment/{made.id}", **{"If-None-Match": f'W/"{after["meta"]["versionId"]}"'})
    assert same.status_code == 304
    old = await fhir.get(f"Appointment/{made.id}", **{"If-None-Match": f'W/"{before["meta"]["versionId"]}"'})
    assert old.status_code == 200


async def test_what_was_not_agreed_to_is_refused(fhir, bank):
    await of_everything(fhir)
    app = await an_app(bank)
    fhir.token = await installed(fhir.house, app, ("openid", "offline_access", "appointments"))
    opens = {kind: (await fhir.get(kind)).status_code for kind in ("Slot", "Appointment", "Practitioner")}
    assert set(opens.values()) == {200}
    for kind in ("Patient", "Account", "Invoice", "ChargeItem"):
        answer = await fhir.get(kind)
        assert (answer.status_code, answer.json()["issue"][0]["code"]) == (403, "forbidden")
        assert "insufficient_scope" in answer.headers["www-authenticate"]
    slot = (await fhir.free(await fhir.house.session()))[0]
    patient = await fhir.house.patient()
    assert (await fhir.book(slot, patient.id)).status_code == 403
    fhir.token = "made-up"
    answer = await fhir.get("Slot")
    assert (answer.status_code, answer.json()["issue"][0]["code"]) == (401, "login")
    assert answer.headers["www-authenticate"].startswith("Bearer")


async def test_another_hospitals_app_finds_nothing(fhir, bank):
    from tests.scenarios.hospital.house import build  # noqa: PLC0415

    await of_everything(fhir)
    there = {
        kind: (await fhir.found(kind))[0]["id"] for kind in ("Slot", "Appointment", "Invoice", "Patient")
    }
    slot = (await fhir.free(await fhir.house.session()))[0]
    other = await build(bank)
    stranger = type(fhir)(fhir.client, other, await installed(other, await an_app(bank)))
    for kind, found in there.items():
        assert (await stranger.get(f"{kind}/{found}")).status_code == 404
        assert await stranger.found(f"{kind}?_id={found}") == []
    mine = await other.patient()
    assert (await stranger.book(slot, mine.id)).status_code == 404
    body = {"resourceType": "Appointment", "status": "cancelled"}
    sent = await stranger.send(
        body, path=f"/Appointment/{there['Appointment']}", method="PUT", **{"If-Match": 'W/"1"'}
    )
    assert sent.status_code == 404
    assert (await fhir.client.get(f"/fhir/{other.id}/Slot", headers=fhir.headers())).status_code == 404
    assert (await fhir.client.get(f"/fhir/{new_id()}/metadata")).status_code == 404
    assert (await fhir.client.get("/fhir/x/metadata")).status_code == 404


async def test_each_patient_of_whom_an_app_was_told_stands_in_the_trail(fhir):
    ann, bo = await of_everything(fhir)
    await fhir.found("Slot")
    await fhir.found("Appointment")
    await fhir.found(f"Invoice?patient={ann.id}")
    async with fhir.house.scope():
        noted = await Audit.filter(tenant_id=fhir.house.id, act="patient.told").order_by("created_at", "id")
    seen = [(one.subject_id, one.subject_label, one.after["resource"]) for one in noted]
    assert sorted(seen) == sorted(
        [
            (ann.id, ann.number, "Appointment"),
            (bo.id, bo.number, "Appointment"),
            (ann.id, ann.number, "Invoice"),
        ]
    )
    assert {one.person_name for one in noted} == {"E-invoice"}


async def test_whoever_calls_too_often_waits(fhir, monkeypatch):
    from integrations.apps.api import entry  # noqa: PLC0415

    monkeypatch.setattr(entry, "CALLS", "2/minute")
    answers = [await fhir.get("Practitioner") for _ in range(3)]
    assert [one.status_code for one in answers] == [200, 200, 429]
    assert answers[2].json()["issue"][0]["code"] == "throttled"
    assert int(answers[2].headers["retry-after"]) > 0


async def test_pages_of_other_origins_may_call(fhir):
    asked = await fhir.client.options(f"{fhir.base}/Slot", headers={"Origin": "https://app.example"})
    assert asked.status_code == 204
    assert "Authorization" in asked.headers["access-control-allow-headers"]
    assert (await fhir.get("Slot")).headers["access-control-allow-origin"] == "*"
