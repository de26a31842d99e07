"""The tables of a scenic site, one file for each side of it."""

from scenarios.tourism.models.agencies import AgencyStatement, Contract, GroupList
from scenarios.tourism.models.gates import Device, Gate, Redemption
from scenarios.tourism.models.orders import Order, Ticket
from scenarios.tourism.models.passes import CounterIncident, PassHolder, TicketTransfer
from scenarios.tourism.models.sites import DayRule, Pool, Product, Site, Slot, SlotTemplate
from scenarios.tourism.models.standing import Block, Strike

__all__ = [
    "AgencyStatement",
    "Block",
    "Contract",
    "CounterIncident",
    "DayRule",
    "Device",
    "Gate",
    "GroupList",
    "Order",
    "PassHolder",
    "Pool",
    "Product",
    "Redemption",
    "Site",
    "Slot",
    "SlotTemplate",
    "Strike",
    "Ticket",
    "TicketTransfer",
]
