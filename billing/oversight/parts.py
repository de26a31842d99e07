"""Parts of the board, each a table of its own with its export: over time, by channel, by industry cloud, by app."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from billing.channels import CHANNEL_KEYS, channel_name
from billing.oversight import board
from billing.oversight.board import Asked, success_percent
from tenants import kinds
from tenants.actor import Actor
from ui.i18n import Text, gettext, t
from ui.tables import Column


@dataclass(frozen=True, slots=True)
class Part:
    """One part: its heading, its columns, what it reads, and whether it stands on the page as a table."""

    title: Text
    columns: tuple[Column, ...]
    read: Callable[[Actor, Asked], Awaitable[list[Any]]]
    is_card: bool = True
    fits: Callable[[Asked], bool] = lambda asked: True  # noqa: ARG005
    """Whether this can be said of what was asked for."""


def percent(found: Any, row: Any) -> str:
    """Return a share in percent, a dash where there is none."""
    del row
    return "–" if found is None else f"{found} %"


def _channel(value: Any, row: Any) -> str:
    del row
    return str(channel_name(value)) if value in CHANNEL_KEYS else str(value)


def _cloud(value: Any, row: Any) -> str:
    del row
    return gettext(kinds.SCENARIOS[value].name) if value in kinds.SCENARIOS else str(value)


_MONEY = (
    Column("paid_count", t("Payments"), format="number"),
    Column("paid_minor", t("Money in"), format="money"),
    Column("success", t("Success"), value=success_percent, format=percent, align="end"),
    Column("refund_minor", t("Given back"), format="money"),
)
_APP = (Column("name", t("App"), is_main=True), Column("opened", t("Times opened"), format="number"))
PARTS = {
    "time": Part(
        t("What came in and went back"),
        (Column("day", t("Day"), format="date", is_main=True), *_MONEY),
        board.by_time,
        is_card=False,
    ),
    "channel": Part(
        t("By channel"),
        (Column("channel", t("Channel"), format=_channel, is_main=True), *_MONEY),
        board.by_channel,
        fits=lambda asked: not asked.channel,
    ),
    "scenario": Part(
        t("By industry cloud"),
        (Column("scenario", t("Industry cloud"), format=_cloud, is_main=True), *_MONEY),
        board.by_scenario,
        fits=lambda asked: not asked.scenario,
    ),
    "app": Part(
        t("By app"),
        (*_APP, Column("institutions", t("In use at"), format="number")),
        board.by_app,
        fits=lambda asked: not asked.channel and not asked.is_union,
    ),
    "apps": Part(t("By app"), _APP, board.by_app, fits=lambda asked: not asked.channel and asked.is_union),
}
"""An app belongs to no channel; at how many institutions it is in use, a union is not told."""
