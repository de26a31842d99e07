"""Nothing costly is started twice: every test that asks for it belongs to the group of those that do."""

import pytest

from tests.conftest import pytest_xdist_make_scheduler
from tests.sharing import COSTLY, Sharing, group_of


def test_whoever_asks_for_something_costly_is_in_its_group(request: pytest.FixtureRequest) -> None:
    asked = {
        (name, group_of(item.nodeid), COSTLY[name])
        for item in request.session.items
        for name in COSTLY.keys() & set(getattr(item, "fixturenames", ()))
    }
    assert {name for name, is_in, belongs in asked if is_in != belongs} == set()


def test_groups_go_to_one_worker_and_other_files_to_any(
    pytestconfig: pytest.Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pytestconfig.option, "tx", ["2*popen"])
    scheduler = pytest_xdist_make_scheduler(pytestconfig, None)
    assert isinstance(scheduler, Sharing)
    first, second = "tests/journeys/test_a.py::test_x", "tests/journeys/test_b.py::test_y[1@2]"
    assert scheduler._split_scope(first) == scheduler._split_scope(second) == "demonstration"
    assert scheduler._split_scope("tests/ui/test_a.py::test_x") == "tests/ui/test_a.py"
