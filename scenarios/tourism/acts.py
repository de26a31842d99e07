"""Acts of a scenic site in the audit trail, in words, and how their facts read."""

from scenarios.tourism.agencies.words import COUNTS
from scenarios.tourism.kinds import PRODUCT_KINDS
from scenarios.tourism.words import PASS_STATES, REAL_NAMES, WAY_WORDS
from tenants.audit_words import Fact, tell
from ui.i18n import N_

ACTS = {
    "site.added": N_("Site added"),
    "site.changed": N_("Site changed"),
    "site_day.changed": N_("Exception of a day made"),
    "product.added": N_("Product added"),
    "product.changed": N_("Product changed"),
    "slot_template.added": N_("Slot added"),
    "slot_template.changed": N_("Slot changed"),
    "slot.closed": N_("Time closed that was sold"),
    "gate.added": N_("Gate added"),
    "gate.changed": N_("Gate changed"),
    "device.added": N_("Device added to a gate"),
    "device.revoked": N_("Device of a gate revoked"),
    "scan.annulled": N_("Scan annulled"),
    "scan.settled": N_("Conflict of a scan settled"),
    "tickets.given_back": N_("Tickets given back"),
    "block.added": N_("Visitor blocked"),
    "block.lifted": N_("Block of a visitor lifted"),
    "block.kept": N_("Appeal against a block answered"),
    "pass.decided": N_("Holder of a pass looked at"),
    "pass.lent": N_("Pass stopped because it was lent"),
    "counter.settled": N_("Difference of a counter settled"),
    "contract.added": N_("Contract with an agency made"),
    "contract.changed": N_("Contract with an agency changed"),
    "contract.ended": N_("Contract with an agency ended"),
    "booking.made": N_("Booked by an agency"),
    "booking.cancelled": N_("Booking of an agency cancelled"),
    "booking.moved": N_("Booking of an agency moved"),
    "statement.issued": N_("Statement of an agency issued"),
}
FACTS = {
    "product.kind": Fact(N_("Kind"), words=PRODUCT_KINDS),
    "product.real_name": Fact(N_("Names"), words=REAL_NAMES),
    "day_cap": Fact(N_("Approved cap: people a day")),
    "instant_cap": Fact(N_("Approved cap: people at once")),
    "cap_percent": Fact(N_("Percent of the approved cap")),
    "capacity": Fact(N_("How many people")),
    "held": Fact(N_("Being paid")),
    "sold": Fact(N_("Sold")),
    "counts": Fact(N_("Billed by"), words=COUNTS),
    "allotment": Fact(N_("Places of each time kept for it")),
    "release_days": Fact(N_("Given back so many days before")),
    "moves_hours": Fact(N_("Moved until so many hours before")),
    "due_days": Fact(N_("Days to pay a statement")),
    "prices": Fact(N_("Settlement prices")),
    "annual_pass.status": Fact(N_("State"), words=PASS_STATES),
    "gate": Fact(N_("Gate")),
    "way": Fact(N_("Which way"), words=WAY_WORDS),
}
tell(ACTS, FACTS)
