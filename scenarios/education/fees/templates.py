"""The fees a school starts with: each a rule to look at, with example amounts that are the school's to replace.

Brothers and sisters, staff's children and boarders are conditions of one rule, never fees of their own.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from billing.catalogue import FeeTemplate
from billing.rules import builders as b
from billing.rules import dump
from scenarios.education.kinds import DAYS_ATTENDED, GRADES
from ui.i18n import N_

GROUPS = {
    "tuition": N_("Tuition"),
    "boarding": N_("Boarding"),
    "services": N_("Services"),
    "canteen": N_("Canteen"),
    "books": N_("Books and uniforms"),
    "activity": N_("Trips and clubs"),
}
BASES = {
    "government": N_("Set by the government"),
    "approved": N_("Approved by the price authority"),
    "registered": N_("Registered with the education bureau"),
    "school": N_("Set by the school"),
}
"""Whose word the price is. All but the last name an authority and a number."""
_PRIMARY = [grade for grade in GRADES if grade in {"1", "2", "3", "4", "5", "6"}]


@dataclass(frozen=True, slots=True)
class Start:
    """A fee as a school gets it: its group and basis beside what billing knows."""

    template: FeeTemplate
    group: str
    basis: str = "approved"


def _tuition(currency: str) -> dict[str, Any]:
    cells: Mapping[str, str | None] = {grade: "600" if grade in _PRIMARY else "800" for grade in GRADES}
    discounts = (
        b.discount(N_("Second child"), "10", when=b.eq("sibling_rank", "2")),
        b.discount(N_("Third child and further ones"), "20", when=b.compare("sibling_rank", "ge", "3")),
        b.discount(N_("Child of a member of staff"), "30", when=b.eq("is_staff_child", True)),
    )
    table = b.table("grade", cells)
    return dump(b.charge(currency, table, period="term", discounts=discounts))


def _boarding(currency: str) -> dict[str, Any]:
    return dump(b.charge(currency, b.fixed("450"), period="term", eligible=b.eq("boarding", "boarder")))


def _meals(currency: str) -> dict[str, Any]:
    table = b.table("meals", {"lunch": "66", "all": "150"})
    return dump(b.charge(currency, table, eligible=b.one_of("meals", "lunch", "all")))


def _meals_by_day(currency: str) -> dict[str, Any]:
    eats = b.one_of("meals", "lunch", "all")
    return dump(b.charge(currency, b.rate("3.50", b.quantity(DAYS_ATTENDED)), eligible=eats))


def _care(currency: str) -> dict[str, Any]:
    return dump(b.charge(currency, b.fixed("40"), eligible=b.eq("has_care", True)))


def _books(currency: str) -> dict[str, Any]:
    cells: Mapping[str, str | None] = {grade: "48" if grade in _PRIMARY else "72" for grade in GRADES}
    return dump(b.charge(currency, b.table("grade", cells), period="term"))


def _magazine(currency: str) -> dict[str, Any]:
    return dump(b.charge(currency, b.fixed("12"), period="term"))


def _template(key: str, en: str, zh: str, document: Any, *, is_voluntary: bool = False) -> FeeTemplate:
    return FeeTemplate(
        key,
        {"en": en, "zh_CN": zh},
        ("student",),
        document=document,
        is_in_force=False,
        is_voluntary=is_voluntary,
    )


STARTS = (
    Start(_template("tuition", "Tuition", "学费", _tuition), "tuition", "government"),
    Start(_template("boarding", "Boarding", "住宿费", _boarding), "boarding", "government"),
    Start(_template("meals", "School meals", "餐费", _meals), "canteen"),
    Start(_template("meals_by_day", "Meals by the day", "餐费（按出勤日）", _meals_by_day), "canteen"),
    Start(_template("care", "After-school care", "课后服务费", _care, is_voluntary=True), "services"),
    Start(_template("books", "Books and materials", "课本资料费", _books), "books", "registered"),
    Start(
        _template("magazine", "School magazine", "校刊", _magazine, is_voluntary=True), "activity", "school"
    ),
)
TEMPLATES = tuple(start.template for start in STARTS)
