"""Votes: the question, who may vote, and the ballots."""

from datetime import datetime
from decimal import Decimal
from uuid import UUID

from tortoise import fields

from billing.names import localized
from tenants.models.base import TenantRow


class EstateVote(TenantRow):
    """A question to the owners. ``basis`` says what an entry weighs: its ``area``, or one each (``head``).

    It is written by language, its answers too. ``quorum_percent`` of all weights must be cast for the vote to count.
    The answers stay as they were when it was opened, as do its electorate and its key. One proxy votes for at most
    ``proxy_units`` units, or ``proxy_percent`` of all that may vote, whichever is more.
    """

    titles: dict[str, str] = fields.JSONField()
    texts: dict[str, str] = fields.JSONField()
    options: list[dict[str, str]] = fields.JSONField()
    basis = fields.CharField(max_length=6)
    quorum_percent = fields.SmallIntField()
    buildings: list[str] = fields.JSONField()
    closes_at: datetime = fields.DatetimeField()
    status = fields.CharField(max_length=10, db_default="draft")
    opened_at: datetime | None = fields.DatetimeField(null=True)
    closed_at: datetime | None = fields.DatetimeField(null=True)
    published_at: datetime | None = fields.DatetimeField(null=True)
    by_name = fields.CharField(max_length=100, db_default="")
    proxy_units = fields.SmallIntField(db_default=2)
    proxy_percent = fields.SmallIntField(db_default=2)

    class Meta:
        table = "community_vote"

    @property
    def title(self) -> str:
        """The question in the reader's language."""
        return localized(self.titles)

    @property
    def text(self) -> str:
        """What it is about, in the reader's language."""
        return localized(self.texts)

    @property
    def answers(self) -> list[str]:
        """The answers in the reader's language, in the order that ballots count them by."""
        return [localized(one) for one in self.options]


class VoteEntry(TenantRow):
    """A unit that may vote, and what its vote weighs. ``number`` is drawn, so that results do not name the unit."""

    vote_id: UUID = fields.UUIDField()
    account_id: UUID = fields.UUIDField()
    number = fields.IntField()
    weight: Decimal = fields.DecimalField(max_digits=14, decimal_places=4)

    class Meta:
        table = "community_vote_entry"


class Ballot(TenantRow):
    """One entry's vote. Until the end it is only a commitment and a sealed choice; then both are opened.

    ``commitment`` is SHA-256 of ``vote entry-number choice nonce``, which the voter is given with the nonce.
    """

    vote_id: UUID = fields.UUIDField()
    entry_id: UUID = fields.UUIDField()
    commitment: bytes = fields.BinaryField()
    sealed: bytes = fields.BinaryField()
    choice = fields.SmallIntField(null=True)
    nonce = fields.CharField(max_length=40, db_default="")
    cast_by: UUID | None = fields.UUIDField(null=True)
    cast_by_name = fields.CharField(max_length=100, db_default="")
    as_proxy = fields.BooleanField(db_default=False)

    class Meta:
        table = "community_ballot"
