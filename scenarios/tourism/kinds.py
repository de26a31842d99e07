"""Who buys at a scenic site: visitors, by the address they gave, and travel agencies; and what a price depends on."""

from tenants.kinds import AccountKind, Attribute
from ui.i18n import N_

SCENARIO_KEY = "tourism"
VISITOR, AGENCY = "visitor", "agency"
VISITOR_KINDS = {
    "adult": N_("Adult"),
    "child": N_("Child"),
    "student": N_("Student"),
    "senior": N_("Senior"),
}
SEASONS = {"peak": N_("Peak season"), "low": N_("Low season")}
DAY_KINDS = {"weekday": N_("Weekday"), "weekend": N_("Weekend"), "holiday": N_("Public holiday")}
PRODUCT_KINDS = {
    "single": N_("Single ticket"),
    "combo": N_("Combined ticket"),
    "group": N_("Group ticket"),
    "pass": N_("Annual pass"),
    "extra": N_("Extra on site"),
}
RELATIONS = {"buyer": N_("Buyer"), "agent": N_("Agency's clerk")}
PRICED_BY = (
    Attribute("visitor_kind", N_("Visitor"), "choice", VISITOR_KINDS),
    Attribute("season", N_("Season"), "choice", SEASONS),
    Attribute("day_kind", N_("Day of the visit"), "choice", DAY_KINDS),
)
"""What fee rules of products may ask: none of it is kept on an account, all of it belongs to the visit."""
ACCOUNT_KINDS = (
    AccountKind(VISITOR, N_("Visitor"), N_("Visitors"), PRICED_BY),
    AccountKind(AGENCY, N_("Travel agency"), N_("Travel agencies")),
)
