"""Every table of community property."""

from scenarios.community.estate.models import (
    Building,
    BuildingCare,
    CommonArea,
    EstatePhase,
    Lease,
    Reshaping,
    Tenure,
    Unit,
)
from scenarios.community.facilities.models import Facility, FacilityBooking
from scenarios.community.figures.models import PublicAccounts
from scenarios.community.leaving.models import MoveOut, UnitDeposit
from scenarios.community.merchants.models import (
    BasketItem,
    NeighbourShop,
    ShopOrder,
    ShopProduct,
    ShopPromotion,
)
from scenarios.community.meters.models import Meter, MeterReading
from scenarios.community.notices.models import EstateNotice, NoticeReading
from scenarios.community.pools.models import CostPool, PoolInvoice, PoolShare
from scenarios.community.prepaid.models import Prepaid, PrepaidUse
from scenarios.community.service.models import (
    MaintenancePlan,
    WorkCategory,
    WorkMaterial,
    WorkNote,
    WorkOrder,
    WorkQuote,
    WorkReport,
    WorkShift,
)
from scenarios.community.visitors.models import Parcel, PassUse, VisitorPass
from scenarios.community.votes.models import Ballot, EstateVote, VoteEntry

__all__ = [
    "Ballot",
    "BasketItem",
    "Building",
    "BuildingCare",
    "CommonArea",
    "CostPool",
    "EstateNotice",
    "EstatePhase",
    "EstateVote",
    "Facility",
    "FacilityBooking",
    "Lease",
    "MaintenancePlan",
    "Meter",
    "MeterReading",
    "MoveOut",
    "NeighbourShop",
    "NoticeReading",
    "Parcel",
    "PassUse",
    "PoolInvoice",
    "PoolShare",
    "Prepaid",
    "PrepaidUse",
    "PublicAccounts",
    "Reshaping",
    "ShopOrder",
    "ShopProduct",
    "ShopPromotion",
    "Tenure",
    "Unit",
    "UnitDeposit",
    "VisitorPass",
    "VoteEntry",
    "WorkCategory",
    "WorkMaterial",
    "WorkNote",
    "WorkOrder",
    "WorkQuote",
    "WorkReport",
    "WorkShift",
]
