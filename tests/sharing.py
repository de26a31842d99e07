"""Which tests go to one worker because they share something costly: a running product, a whole demonstration.

The scheduler of ``--dist loadgroup`` reads groups from test ids that its workers have changed. pytest 9.2 keeps ids
elsewhere, so that such changes are lost and every worker would start everything. Paths cannot be lost.
"""

from xdist.scheduler import LoadScopeScheduling

TOGETHER = {
    "journeys": ("tests/journeys/",),
    "demonstration": ("tests/deploy/test_seed.py", "tests/deploy/test_verify.py"),
    "outside": ("tests/integrations/outside/",),
    "measures": ("tests/deploy/test_bench.py",),
}
COSTLY = {"live": "journeys", "told": "demonstration", "shop": "outside", "measured": "measures"}
"""Fixtures made once for each worker that asks, with the group whose tests may."""


def group_of(nodeid: str) -> str:
    """Return the name of the tests that must run where this one runs; a test without any is its own group."""
    path = nodeid.partition("::")[0]
    return next((name for name, starts in TOGETHER.items() if path.startswith(starts)), nodeid)


class Sharing(LoadScopeScheduling):  # type: ignore[misc]
    """Hands out groups, the largest first, and single tests to whoever is free."""

    def _split_scope(self, nodeid: str) -> str:
        return group_of(nodeid)
