"""Which tests go to one worker: those of a file, and those that share something costly, as a running product.

Whole files, since several workers would otherwise make what a file's tests share, and compile its pages' templates.

The scheduler of ``--dist loadgroup`` reads groups from test ids that its workers have changed. pytest 9.2 keeps ids
elsewhere, so that such changes are lost and every worker would start everything. Paths cannot be lost.
"""

from xdist.scheduler import LoadScopeScheduling

TOGETHER = {
    "demonstration": ("tests/deploy/test_seed.py", "tests/deploy/test_verify.py", "tests/journeys/"),
    "outside": ("tests/integrations/outside/",),
    "measures": ("tests/deploy/test_bench.py",),
    "deploy": ("tests/deploy/",),
    "walls": ("tests/walls/",),
}
COSTLY = {"seeded": "demonstration", "live": "demonstration", "shop": "outside", "measured": "measures"}
"""Fixtures made once for each worker that asks, with the group whose tests may."""


def group_of(nodeid: str) -> str:
    """Return the name of the tests that run where this one runs: their file, where they have no other."""
    path = nodeid.partition("::")[0]
    return next((name for name, starts in TOGETHER.items() if path.startswith(starts)), path)


class Sharing(LoadScopeScheduling):  # type: ignore[misc]
    """Hands out groups to whoever is free, the largest first, so that small ones are left to even out the end."""

    def _split_scope(self, nodeid: str) -> str:
        return group_of(nodeid)
