"""What waits for somebody, told by the modules that know it.

A module adds its kind once, where its pages are registered::

    add_kind(Kind(key="refund", name=N_("Refunds to approve"), permission="refunds.approve", order=20, sql=SQL))

``sql`` is one select over the tenant's own rows (``$1``), led by an index, with exactly these columns:

=============== =========== ===========================================================
``id``          uuid        the row that is worked on; owners are kept by it
``since``       timestamptz since when it waits
``due_at``      timestamptz when it must be done, or null
``amount_minor`` bigint     what it is about, or null
``currency``    text        of the amount; empty without one
``title``       text        what people know it by: a number, a name
``detail``      text        one more word, or a code that ``words`` translates
``path``        text        where it is worked, below the tenant's address
=============== =========== ===========================================================
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from billing.names import localized
from tenants.actor import Actor
from ui.i18n import gettext


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of work: English names, who may see and own it, the select of its rows.

    ``words`` turns the ``detail`` column's codes into English msgids; with ``is_named`` the ``title`` is a JSON
    object of names by language. ``order`` is its place on the page.
    """

    key: str
    name: str
    permission: str
    sql: str
    order: int = 50
    words: Mapping[str, str] = field(default_factory=dict)
    is_named: bool = False

    def titled(self, title: str) -> str:
        """Return a title in the reader's language."""
        return localized(json.loads(title)) if self.is_named else title

    def said(self, detail: str) -> str:
        """Return a detail in the reader's language; what is no code stays as it is."""
        return gettext(self.words[detail]) if detail in self.words else detail


_KINDS: dict[str, Kind] = {}


def add_kind(*kinds: Kind) -> None:
    """Make kinds of work known; safe to call again."""
    for kind in kinds:
        _KINDS[kind.key] = kind


def kind_of(key: str) -> Kind | None:
    """Return the kind of this name."""
    return _KINDS.get(key)


def kinds_for(actor: Actor) -> list[Kind]:
    """Return the kinds that this person may work on, in the page's order."""
    return [k for k in sorted(_KINDS.values(), key=lambda k: (k.order, k.key)) if actor.may(k.permission)]
