"""What a household or business owes for: flats, shops and parking spaces, and how people stand to them."""

from tenants.kinds import AccountKind, Attribute
from ui.i18n import N_

SCENARIO_KEY = "community"
FLAT_TYPES = {
    "1-room": N_("1-room"),
    "2-room": N_("2-room"),
    "3-room": N_("3-room"),
    "3-room DBSS": N_("3-room DBSS"),
    "4-room": N_("4-room"),
    "4-room DBSS": N_("4-room DBSS"),
    "5-room": N_("5-room"),
    "5-room DBSS": N_("5-room DBSS"),
    "3Gen": N_("3-generation"),
    "executive": N_("Executive"),
}
ROOM_TYPES = {key: FLAT_TYPES[key] for key in ("1-room", "2-room", "3-room", "4-room", "5-room")}
OWNERSHIPS = {"owner": N_("Lived in by its owner"), "rented": N_("Rented out")}
VEHICLES = {"car": N_("Car"), "motorcycle": N_("Motorcycle"), "heavy": N_("Lorry or bus")}
RELATIONS = {
    "owner": N_("Unit owner"),
    "resident": N_("Resident"),
    "proxy": N_("Proxy"),
    "family": N_("Family member"),
}
AREA = Attribute("area_sqm", N_("Area"), "decimal", unit="m²")
FURTHER_AREAS = (
    Attribute("gross_sqm", N_("Gross area"), "decimal", unit="m²"),
    Attribute("shared_sqm", N_("Part of the shared area"), "decimal", unit="m²"),
    Attribute("coefficient", N_("Coefficient"), "decimal"),
)
"""``area_sqm`` is what is billed; these are for rules and shares that go by something else."""
METER_KINDS = {"water": N_("Water"), "power": N_("Power"), "gas": N_("Gas"), "heat": N_("Heating")}
METER_UNITS = {"water": "m³", "power": "kWh", "gas": "m³", "heat": "kWh"}
SHARED_COSTS = "shared_costs"
QUANTITIES = {
    "water": N_("Water used (m³)"),
    "water_this_year": N_("Water used in earlier months of the year (m³)"),
    "power": N_("Power used (kWh)"),
    "power_this_year": N_("Power used in earlier months of the year (kWh)"),
    "gas": N_("Gas used (m³)"),
    "gas_this_year": N_("Gas used in earlier months of the year (m³)"),
    "heat": N_("Heat used (kWh)"),
    "heat_this_year": N_("Heat used in earlier months of the year (kWh)"),
    SHARED_COSTS: N_("Share of the month's shared costs"),
}
"""Numbers of a month that fee rules may charge by: what meters say, and what pools come to."""

UNIT = AccountKind(
    "unit",
    N_("Flat"),
    N_("Flats"),
    (
        Attribute("flat_type", N_("Flat type"), "choice", FLAT_TYPES, is_required=True),
        Attribute("is_reduced", N_("Reduced rate"), "boolean"),
        AREA,
        Attribute("ownership", N_("Ownership"), "choice", OWNERSHIPS),
        *FURTHER_AREAS,
    ),
)
SHOP = AccountKind(
    "shop",
    N_("Shop"),
    N_("Shops"),
    (
        Attribute("area_sqm", N_("Area"), "decimal", unit="m²", is_required=True),
        Attribute("has_living", N_("Has living quarters"), "boolean"),
        Attribute("room_type", N_("Living quarters"), "choice", ROOM_TYPES),
        Attribute("ownership", N_("Ownership"), "choice", OWNERSHIPS),
        *FURTHER_AREAS,
    ),
)
PARKING = AccountKind(
    "parking",
    N_("Parking space"),
    N_("Parking spaces"),
    (Attribute("vehicle", N_("Vehicle"), "choice", VEHICLES),),
)
ACCOUNT_KINDS = (UNIT, SHOP, PARKING)
