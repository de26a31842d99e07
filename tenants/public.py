"""Institutions that anybody may turn to: found by their address's name, or listed by industry.

Nobody's scope sees an institution that they have nothing to do with yet; these two functions of the owner's tell its
public facts, and nothing of what it holds. Whoever goes on opens the institution's scope and shows public things alone.
"""

from collections.abc import Mapping
from typing import Any

from tenants.scope import row, rows
from ui.errors import NotFound
from ui.i18n import t

Institution = Mapping[str, Any]
"""``id slug name short_name currency timezone locale contact_phone``."""


async def open_institutions(scenario: str) -> list[Institution]:
    """Return the live institutions with this industry, by name."""
    return list(await rows("select * from open_institutions($1, null)", scenario))


async def institution_at(scenario: str, slug: str) -> Institution:
    """Return a live institution with this industry by its address's name.

    Raises:
        NotFound: there is none.
    """
    found: Institution | None = await row("select * from open_institutions($1, $2)", scenario, slug)
    if found is None:
        raise NotFound("page.not_found", t("There is no such page, or it is not yours to see."))
    return found
