"""Order, size, what is included, and how a resource has been."""

from scenarios.hospital import cancelling, pricing, stopping
from scenarios.hospital.fhir.kinds import etag
from tests.scenarios.hospital.fhir.conftest import Fhir
from tests.scenarios.hospital.fhir.test_server import of_everything


async def test_every_sort_that_is_named_sorts_both_ways_page_by_page(fhir):
    await of_everything(fhir)
    said = await fhir.read("metadata")
    for resource in said["rest"][0]["resource"]:
        kind = resource["type"]
        names = resource["documentation"].split("one of ")[1].split(", a minus")[0].split(", ")
        for name in names:
            few = 99 if kind in {"Slot", "Schedule"} else 2
            up = await every_page(fhir, f"{kind}?_sort={name}&_count={few}")
            down = await every_page(fhir, f"{kind}?_sort=-{name}&_count={few + 1}")
            assert len(set(up)) == len(up), (kind, name)
            assert down == up[::-1], (kind, name)
        refused = await fhir.get(f"{kind}?_sort=name")
        assert (refused.status_code, refused.json()["resourceType"]) == (400, "OperationOutcome")


async def every_page(fhir: Fhir, path: str, most: int = 40) -> list[str]:
    """Return the ids of all pages, at most so many pages of a long list from its begin."""
    found, answer = [], await fhir.read(path)
    for _ in range(most):
        found += [one["resource"]["id"] for one in answer.get("entry", [])]
        following = [one["url"] for one in answer["link"] if one["relation"] == "next"]
        if not following:
            return found
        answer = await fhir.read(following[0].split(f"{fhir.base}/")[1])
    raise AssertionError(path)


async def test_how_many_is_told_without_any_and_too_many_are_cut(fhir):
    await of_everything(fhir)
    for query in ("_summary=count", "_count=0"):
        answer = await fhir.read(f"Appointment?{query}")
        assert (answer["total"], "entry" in answer) == (2, False)
    assert (await fhir.read("Appointment?status=booked&_summary=count"))["total"] == 1
    many = await fhir.read("Slot?_count=5000")
    assert len(many["entry"]) <= 100
    assert "_count=100" in many["link"][0]["url"]
    for query in ("_count=-1", "_count=x", "_summary=text"):
        assert (await fhir.get(f"Slot?{query}")).status_code == 400


async def test_everything_that_can_be_included_is(fhir):
    await of_everything(fhir)
    said = await fhir.read("metadata")
    named = [one for each in said["rest"][0]["resource"] for one in each.get("searchInclude", [])]
    assert {"Appointment:patient", "Appointment:slot", "Slot:schedule", "Invoice:account"} <= set(named)
    for name in named:
        kind = name.partition(":")[0]
        answer = await fhir.read(f"{kind}?_include={name}&_count=100")
        modes = [one["search"]["mode"] for one in answer["entry"]]
        assert "include" in modes or name == "Organization:partof", name
        assert modes == sorted(modes, reverse=True), "what matches comes first"
        urls = [one["fullUrl"] for one in answer["entry"]]
        assert len(urls) == len(set(urls)), name
    part = next(one for one in await fhir.found("Organization") if "partOf" in one)
    whole = await fhir.read(f"Organization?_id={part['id']}&_include=Organization:partof")
    assert [one["search"]["mode"] for one in whole["entry"]] == ["match", "include"]
    answer = await fhir.read("Appointment?_include=Appointment:actor:Practitioner&_count=1")
    assert [one["resource"]["resourceType"] for one in answer["entry"]] == ["Appointment", "Practitioner"]
    following = next(one["url"] for one in answer["link"] if one["relation"] == "next")
    more = await fhir.read(following.split(f"{fhir.base}/")[1])
    assert [one["resource"]["resourceType"] for one in more["entry"]] == ["Appointment", "Practitioner"]
    for wrong in ("Appointment:nobody", "Slot:schedule", "x"):
        assert (await fhir.get(f"Appointment?_include={wrong}")).status_code == 400
    assert (await fhir.get("Appointment?" + "&".join(["_include=Appointment:slot"] * 20))).status_code == 200


async def test_the_present_version_is_read_by_its_number_and_no_other(fhir):
    await of_everything(fhir)
    said = await fhir.read("metadata")
    for resource in said["rest"][0]["resource"]:
        acts = {one["code"] for one in resource["interaction"]}
        kind, is_dated = resource["type"], resource["versioning"] != "no-version"
        assert ("vread" in acts) == is_dated
        (one, *_) = await fhir.found(kind)
        if is_dated:
            path = f"{kind}/{one['id']}/_history"
            assert (await fhir.read(f"{path}/{one['meta']['versionId']}"))["id"] == one["id"]
            assert (await fhir.get(f"{path}/1")).status_code == 404
        assert resource["readHistory"] == ("history-instance" in acts) == (kind == "Appointment")
        if not resource["readHistory"]:
            assert (await fhir.get(f"{kind}/{one['id']}/_history")).status_code in {404, 405}


async def test_an_appointment_tells_how_it_has_been(real_house, real_fhir):
    """Booked, another doctor, cancelled: three versions and what was true in each; real commits, real triggers."""
    house, fhir = real_house, real_fhir
    made = await house.booked(await house.patient("Ann Tan"), await house.session(0, 9))
    seen = await fhir.read(f"Appointment/{made.id}")
    async with house.scope():
        await stopping.substitute(house.clerk, session_id=made.session_id, doctor_id=house.doctors[1].id)
    changed = await fhir.read(f"Appointment/{made.id}")
    assert changed["meta"] != seen["meta"]
    async with house.scope():
        kept = await pricing.kept_of(await house.fresh(made))
        await cancelling.cancel(house.system, appointment_id=made.id, seen_kept_minor=kept, key="c")
    bundle = await fhir.read(f"Appointment/{made.id}/_history")
    assert bundle["type"] == "history"
    states = [one["resource"]["status"] for one in bundle["entry"]]
    assert (states[0], states[-1]) == ("cancelled", "pending")
    assert states.count("booked") >= 2
    assert [one["request"]["method"] for one in bundle["entry"]][-1] == "POST"
    assert [one["resource"]["meta"]["lastUpdated"] for one in bundle["entry"]] == sorted(
        (one["resource"]["meta"]["lastUpdated"] for one in bundle["entry"]), reverse=True
    )
    for before in (seen, changed):
        old = await fhir.get(f"Appointment/{made.id}/_history/{before['meta']['versionId']}")
        assert old.json()["participant"][1] == before["participant"][1]
        assert old.headers["etag"] == etag(before["meta"]["versionId"])
    assert (await fhir.get(f"Appointment/{house.id}/_history")).status_code == 404
