"""Every table of community property."""

from scenarios.community.estate.models import Building, BuildingCare, CommonArea, EstatePhase, Tenure, Unit
from scenarios.community.meters.models import Meter, MeterReading
from scenarios.community.pools.models import CostPool, PoolInvoice, PoolShare

__all__ = [
    "Building",
    "BuildingCare",
    "CommonArea",
    "CostPool",
    "EstatePhase",
    "Meter",
    "MeterReading",
    "PoolInvoice",
    "PoolShare",
    "Tenure",
    "Unit",
]
