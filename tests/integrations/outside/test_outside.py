"""Other people's libraries sign in to us, over real HTTP, as their documentation says."""

from tests.integrations.outside.conftest import run_node, run_python


async def test_openid_client_signs_in_by_every_profile(shop):
    steps = run_node("openid_client.mjs", await shop.told())
    assert [f"{step['name']}: {step['why']}" for step in steps if not step["ok"]] == []
    assert len(steps) == 26


async def test_oauth4webapi_finds_every_answer_right_on_the_wire(shop):
    steps = run_node("oauth4webapi.mjs", await shop.told())
    assert [f"{step['name']}: {step['why']}" for step in steps if not step["ok"]] == []
    assert len(steps) == 11


async def test_mozilla_django_oidc_makes_a_user(shop):
    found = run_python("django_oidc.py", await shop.told())
    assert found == {"went_to": "/in", "users": ["mei@bank.example"], "is_in": True}


async def test_idpyoidc_learns_who_it_was(shop):
    found = run_python("idpy.py", await shop.told())
    assert found["error"] == ""
    told = found["claims"]
    assert (told.get("name"), told.get("email")) == ("Mei Lim", "mei@bank.example"), told


async def test_pylti1p3_takes_the_launch_and_reads_who_is_here(shop):
    opened = await shop.tool()
    found = run_python("lti_tool.py", await shop.told(launch=opened))
    told = found["told"]
    assert told["email"] == "mei@bank.example"
    assert told["https://purl.imsglobal.org/spec/lti/claim/deployment_id"] == shop.apps["lti"]["deployment"]
    assert found["has_roster"] is True
    assert [member["name"] for member in found["members"]] == ["Mei Lim"]
    assert [member["user_id"] for member in found["members"]] == [told["sub"]]


async def test_pylti1p3_picks_something_for_a_class_and_marks_it(shop):
    found = run_python("lti_tool.py", await shop.classroom_tool())
    assert "/apps/at/class/" in found["at"]
    assert found["told"]["https://purl.imsglobal.org/spec/lti/claim/custom"]["quiz"] == "7"
    assert found["learner"]["name"] == "Ah Kow"
    (result,) = found["results"]
    assert (result["userId"], result["resultScore"], result["resultMaximum"]) == (
        found["learner"]["user_id"],
        18,
        20,
    )
    assert (found["essay"], found["columns"]) == ("Essay", ["Fractions", "Essay"])


async def test_scim2_tester_finds_the_staff_kept_as_the_standard_says(shop):
    found = run_python("scim_directory.py", await shop.directory())
    assert not found["wrong"], "\n".join(found["wrong"])
    assert found["passed"] >= 54, found
    assert found["skipped"] == []


async def test_whatever_is_asked_the_answer_is_no_5xx(shop):
    found = run_python("robust.py", await shop.told(examples=12))
    assert found["failed"] == []
    assert sum(found["statuses"].values()) >= 100
