"""What an estate keeps about a person, in words: what each kind of row is called, and its facts."""

from collections.abc import Sequence
from typing import Any

from scenarios.community.facilities.pages import DEPOSITS
from scenarios.community.facilities.pages import STATES as BOOKED
from scenarios.community.kinds import METER_KINDS
from scenarios.community.leaving.deposits import KINDS as DEPOSIT_KINDS
from scenarios.community.merchants.states import WAYS
from scenarios.community.merchants.states import WORDS as ORDERED
from scenarios.community.meters.words import FLAGS
from scenarios.community.meters.words import STATES as READ
from scenarios.community.notices.pages import STATES as NOTICED
from scenarios.community.service import states as work
from tenants.audit_words import Fact
from tenants.privacy.everything import about_nobody
from tenants.privacy.words import tell_tables
from ui.formats import listed, money, number
from ui.i18n import N_

STATE = N_("State")


def _lines(value: Sequence[Any], currency: str) -> str:
    return listed(f"{one['name']} {money(one['amount_minor'], currency)}" for one in value)


def _place_on_ballot(value: Any, _currency: str) -> str:
    return number(int(value) + 1)


about_nobody(
    "community_building", "community_facility", "community_pool", "community_pool_invoice", "community_vote"
)
tell_tables(
    {
        "community_ballot": N_("Your ballots"),
        "community_basket_item": N_("What lies in the basket"),
        "community_deposit": N_("Deposits"),
        "community_facility_booking": N_("Bookings of facilities"),
        "community_lease": N_("Leases"),
        "community_meter": N_("Meters"),
        "community_move_out": N_("Moving out"),
        "community_notice": N_("Notices of the estate"),
        "community_notice_reading": N_("Notices that you read"),
        "community_parcel": N_("Parcels"),
        "community_pool_share": N_("Your share of shared costs"),
        "community_prepaid": N_("Prepaid meters"),
        "community_prepaid_use": N_("What was used and paid ahead"),
        "community_reading": N_("Readings"),
        "community_shop_order": N_("Orders from shops"),
        "community_unit": N_("Homes"),
        "community_visitor_pass": N_("Visitor passes"),
        "community_vote_entry": N_("Votes you are entered in"),
        "community_work_note": N_("Notes on repairs"),
        "community_work_order": N_("Repairs"),
        "community_work_quote": N_("Quotes for repairs"),
    },
    {
        "community_ballot.as_proxy": Fact(N_("As somebody's proxy")),
        "community_ballot.cast_by_name": Fact(N_("Cast by")),
        "community_ballot.choice": Fact(N_("Choice, by its place on the ballot"), show=_place_on_ballot),
        "community_deposit.kind": Fact(N_("What for"), words=DEPOSIT_KINDS),
        "community_deposit.label": Fact(N_("Details")),
        "community_deposit.kept_reason": Fact(N_("Kept for")),
        "community_deposit.returned_at": Fact(N_("Given back on")),
        "community_deposit.returned_by_name": Fact(N_("Given back by")),
        "community_facility_booking.deposit_status": Fact(N_("State of the deposit"), words=DEPOSITS),
        "community_facility_booking.kept_reason": Fact(N_("Kept for")),
        "community_facility_booking.status": Fact(STATE, words=BOOKED),
        "community_lease.begun_by_name": Fact(N_("Written by")),
        "community_lease.counted": Fact(""),
        "community_lease.fee_item_ids": Fact(""),
        "community_lease.renter": Fact(N_("Who rents")),
        "community_meter.digits": Fact(""),
        "community_meter.installed_on": Fact(N_("Put in on")),
        "community_meter.kind": Fact(N_("Kind"), words=METER_KINDS),
        "community_meter.removed_on": Fact(N_("Taken out on")),
        "community_meter.serial": Fact(N_("Serial number")),
        "community_meter.start_value": Fact(N_("It showed at first")),
        "community_move_out.address": Fact(N_("Address")),
        "community_notice.buildings": Fact(""),
        "community_notice.reach": Fact(""),
        "community_notice.relations": Fact(""),
        "community_notice.status": Fact(STATE, words=NOTICED),
        "community_parcel.carrier": Fact(N_("Brought by")),
        "community_parcel.collected_at": Fact(N_("Fetched on")),
        "community_parcel.collected_by": Fact(N_("Fetched by")),
        "community_parcel.taken_by_name": Fact(N_("Taken in by")),
        "community_pool_share.weight": Fact(N_("Weight")),
        "community_prepaid.begun_by_name": Fact(N_("Set up by")),
        "community_prepaid.kind": Fact(N_("Kind"), words=METER_KINDS),
        "community_prepaid.warned_at": Fact(N_("Told on")),
        "community_prepaid_use.before": Fact(""),
        "community_prepaid_use.kind": Fact(N_("Kind"), words=METER_KINDS),
        "community_prepaid_use.usage": Fact(N_("Used")),
        "community_reading.flag": Fact(N_("Why it was looked at"), words=FLAGS),
        "community_reading.is_rollover": Fact(N_("The meter began again")),
        "community_reading.photo_type": Fact(""),
        "community_reading.read_by_name": Fact(N_("Read by")),
        "community_reading.status": Fact(STATE, words=READ),
        "community_reading.usage": Fact(N_("Used")),
        "community_reading.value": Fact(N_("It showed")),
        "community_shop_order.discount_minor": Fact(N_("Discount")),
        "community_shop_order.discount_names": Fact(N_("Offer of the shop")),
        "community_shop_order.fulfilled_at": Fact(N_("Fulfilled on")),
        "community_shop_order.ordered_by_name": Fact(N_("Ordered by")),
        "community_shop_order.rating": Fact(N_("Stars")),
        "community_shop_order.refund_reason": Fact(N_("Why the money came back")),
        "community_shop_order.status": Fact(STATE, words=ORDERED),
        "community_shop_order.way": Fact(N_("How it comes to you"), words=WAYS),
        "community_unit.door": Fact(N_("Door")),
        "community_unit.storey": Fact(N_("Storey")),
        "community_visitor_pass.issued_by_name": Fact(N_("Invited by")),
        "community_visitor_pass.name": Fact(N_("Who is coming?")),
        "community_visitor_pass.plate": Fact(N_("Number plate")),
        "community_visitor_pass.revoked_at": Fact(N_("Taken back on")),
        "community_visitor_pass.used": Fact(N_("Times used")),
        "community_visitor_pass.uses": Fact(N_("Good for so many times")),
        "community_vote_entry.weight": Fact(N_("Weight")),
        "community_work_note.act": Fact(
            N_("What happened"), words={**work.ACTS, "assign": N_("Somebody was given it")}
        ),
        "community_work_order.assignee_name": Fact(N_("Who does it")),
        "community_work_order.charge_minor": Fact(N_("Charge")),
        "community_work_order.checklist": Fact(""),
        "community_work_order.consent": Fact(N_("Your word on the charge"), words=work.CONSENTS),
        "community_work_order.consent_by_name": Fact(N_("Answered by")),
        "community_work_order.done_at": Fact(N_("Done on")),
        "community_work_order.due_at": Fact(N_("To be done by")),
        "community_work_order.is_urgent": Fact(N_("Urgent")),
        "community_work_order.kind": Fact(N_("Kind"), words=work.KINDS),
        "community_work_order.rating": Fact(N_("Stars")),
        "community_work_order.reopened_count": Fact(N_("Times opened again")),
        "community_work_order.reported_by_name": Fact(N_("Reported by")),
        "community_work_order.started_at": Fact(N_("Begun on")),
        "community_work_order.status": Fact(STATE, words=work.WORDS),
        "community_work_order.unanswered_since": Fact(N_("Waits for an answer since")),
        "community_work_quote.lines": Fact(N_("What it is for"), show=_lines),
        "community_work_quote.status": Fact(STATE, words=work.QUOTES),
    },
)
