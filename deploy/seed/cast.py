"""Who plays in the demonstration: the bank, its institutions, their staff, and residents with a story."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from tenants import uscc

SEED = 20_261
"""Of everything drawn by chance: the same people pay the same way in every demonstration."""
BANK = "harbour"
CLIENT_ID = "scenario-cloud"
Habit = Literal["prompt", "late", "part", "never", "owes_latest"]
"""How an account pays: early in the month, near its end, a part, nothing, or all but the latest bill."""


@dataclass(frozen=True, slots=True)
class Institution:
    """A legal entity as its application states it."""

    slug: str
    legal_name: str
    short_name: str
    uscc: str
    representative: str
    administrator: str
    email: str
    phone: str
    kind: str = "company"
    enterprise_id: str = ""
    scenario: str = "community"

    def mandate(self, operator_role: str) -> dict[str, str]:
        """Return what the bank says of somebody who acts for it."""
        return {
            "enterprise_id": self.enterprise_id or f"ent-{self.slug}",
            "enterprise_name": self.legal_name,
            "enterprise_uscc": self.uscc,
            "enterprise_legal_representative": self.representative,
            "operator_role": operator_role,
        }


@dataclass(frozen=True, slots=True)
class BankClerk:
    """Somebody of the bank with one of its roles; ``branch`` is the code of the part they work for."""

    customer: str
    name: str
    role: str
    staff_id: str
    branch: str = ""
    bank: str = BANK

    @property
    def email(self) -> str:
        """Their address at the bank."""
        return f"{self.customer.removeprefix('staff-')}@{self.bank}.example"


@dataclass(frozen=True, slots=True)
class Member:
    """A bank beside or above the first one: its names, who begins there, and an institution with its figures."""

    slug: str
    name: str
    name_en: str
    accent: str
    administrator: BankClerk
    institution: Institution
    mean_minor: int = 0
    arrears_minor: int = 0
    payers: int = 0


@dataclass(frozen=True, slots=True)
class Employee:
    """Somebody of an institution, who comes in by its company login; ``home`` is where, if not at a console of ours."""

    customer: str
    name: str
    institution: Institution
    role: str
    home: str = ""

    @property
    def email(self) -> str:
        """Their address at work."""
        return f"{self.customer.removeprefix('op-')}@{self.institution.slug}.example"


@dataclass(frozen=True, slots=True)
class Door:
    """An account of a resident: which, how it has been paid, and by which way online."""

    institution: Institution
    number: str
    habit: Habit
    channel: Literal["bank", "stripe"] = "bank"


@dataclass(frozen=True, slots=True)
class Resident:
    """A payer with a personal login; ``is_confirmed`` unless they have yet to type the code on their bill."""

    customer: str
    name: str
    phone: str
    story: str
    doors: tuple[Door, ...]
    is_confirmed: bool = True

    @property
    def email(self) -> str:
        """Where bills and receipts reach them."""
        return f"{self.customer.removeprefix('p-')}@mail.example"


TENGAH = Institution(
    "tengah",
    "Tengah Town Estate Management Pte. Ltd.",
    "Tengah Town",
    uscc.make("91350100MA2XTENG0"),
    "Ong Beng Huat",
    "Goh Siew Lan",
    "office@tengah.example",
    "+65 6555 0100",
)
MARKET = Institution(
    "market-street",
    "Market Street Shops and Parking Ltd.",
    "Market Street",
    uscc.make("91350100MA2XMARK0"),
    "Farah Rahman",
    "Farah Rahman",
    "office@market-street.example",
    "+65 6555 0200",
)
SEAVIEW = Institution(
    "seaview",
    "Seaview Property Management Co., Ltd.",
    "Seaview",
    "91350100M000100Y43",
    "Lin Guoqiang",
    "Chen Jie",
    "chen.jie@seaview.example",
    "+65 6555 0300",
    enterprise_id="ent-1001",
)
APPLICANTS = {
    "submitted": Institution(
        "lakeside",
        "Lakeside Gardens Management Co., Ltd.",
        "Lakeside Gardens",
        uscc.make("91350200MA2XLAKE0"),
        "Chua Poh Ling",
        "Chua Poh Ling",
        "office@lakeside.example",
        "+65 6555 0400",
    ),
    "returned": Institution(
        "old-harbour",
        "Old Harbour Residents' Association",
        "Old Harbour",
        uscc.make("53350100MA2XHARB0"),
        "Arun Nair",
        "Arun Nair",
        "office@old-harbour.example",
        "+65 6555 0500",
        kind="social_organisation",
    ),
    "draft": Institution(
        "hillview",
        "Hillview Court Management Ltd.",
        "Hillview Court",
        uscc.make("91350500MA2XH1LL0"),
        "Margaret Lee",
        "Margaret Lee",
        "office@hillview.example",
        "+65 6555 0600",
    ),
}
"""Institutions on their way in, by how far they have come."""
WHARF = Institution(
    "kallang-wharf",
    "Kallang Wharf Management Pte. Ltd.",
    "Kallang Wharf",
    uscc.make("91350100MA2XKALL0"),
    "Heng Siew Choo",
    "Heng Siew Choo",
    "office@kallang-wharf.example",
    "+65 6555 0700",
)
"""Approved, and getting ready to go live."""

BRANCHES = (
    ("001", "Harbour Bank, Head Office", ""),
    ("101", "City Branch", "001"),
    ("102", "West Branch", "001"),
)
"""Code, name and the code of the part above."""

CLERKS = (
    BankClerk("staff-lin", "Lin Mei Hua", "administrator", "H0001"),
    BankClerk("staff-wen", "Wen Rui", "relationship_manager", "H0107", "102"),
    BankClerk("staff-zhao", "Zhao Min", "reviewer", "H0211"),
    BankClerk("staff-ong", "Ong Kai Xin", "operations", "H0305"),
    BankClerk("staff-gao", "Gao Ming Li", "auditor", "H0402"),
)
UNION_CLERKS = (
    BankClerk("staff-tan", "Tan Poh Choo", "administrator", "U0001", bank="straits"),
    BankClerk("staff-qiao", "Qiao Hui", "union_supervisor", "U0010", bank="straits"),
)
_KRANJI = Institution(
    "kranji-farm", "Kranji Farm Estate Management Pte. Ltd.", "Kranji Farm", uscc.make("91350100MA2XKRJ01"),
    "Sim Boon Hock", "Sim Boon Hock", "office@kranji-farm.example", "+65 6555 1100",
)  # fmt: skip
_CHANGI = Institution(
    "changi-court", "Changi Court Management Pte. Ltd.", "Changi Court", uscc.make("91350100MA2XCHG01"),
    "Halimah binte Ali", "Halimah binte Ali", "office@changi-court.example", "+65 6555 1200",
)  # fmt: skip
UNION = Member(
    "straits", "海峡储蓄银行联合会", "Straits Union of Savings Banks", "#6b3fa0", UNION_CLERKS[0], _KRANJI
)
MEMBERS = (
    Member(
        "kranji", "克兰芝储蓄银行", "Kranji Savings Bank", "#2f6b2f",
        BankClerk("staff-sim", "Sim Geok Eng", "administrator", "K0001", bank="kranji"),
        _KRANJI, mean_minor=8_250, arrears_minor=431_000, payers=640,
    ),
    Member(
        "changi", "樟宜储蓄银行", "Changi Savings Bank", "#a3401f",
        BankClerk("staff-noor", "Noor Hidayah", "administrator", "C0001", bank="changi"),
        _CHANGI, mean_minor=6_120, arrears_minor=198_500, payers=410,
    ),
)  # fmt: skip
"""The banks of the union beside the first one."""
OTHER_CLERKS = (*UNION_CLERKS, *(one.administrator for one in MEMBERS))
EMPLOYEES = (
    Employee("op-goh", "Goh Siew Lan", TENGAH, "administrator"),
    Employee("op-pereira", "Denise Pereira", TENGAH, "finance"),
    Employee("op-sulaiman", "Sulaiman bin Osman", TENGAH, "cashier"),
    Employee("op-devi", "Devi Subramaniam", TENGAH, "front_desk"),
    Employee("op-quek", "Quek Wei Jie", TENGAH, "reader"),
    Employee("op-rosli", "Rosli bin Hamid", TENGAH, "technician"),
    Employee("op-mei", "Chan Mei Ling", TENGAH, "shopkeeper"),
    Employee("op-farah", "Farah Rahman", MARKET, "administrator"),
    Employee("op-loh", "Loh Chee Keong", MARKET, "finance"),
    Employee("op-tay", "Tay Bee Hoon", MARKET, "cashier"),
)
_HANDS = frozenset({"cashier", "front_desk", "reader", "technician", "shopkeeper"})
"""Roles of those who do the work; everybody else may authorise."""
NEWCOMER = ("op-chen", "Chen Jie", SEAVIEW)
"""Whom an open invitation waits for."""
COMING = {
    "op-heng": WHARF,
    "op-chua": APPLICANTS["submitted"],
    "op-nair": APPLICANTS["returned"],
    "op-margaret": APPLICANTS["draft"],
}
"""Who administers an institution that gets ready, or will once it is approved: the last steps are theirs to do."""

_CRESCENT, _DRIVE = "111A Plantation Cres", "128A Tengah Dr"
RESIDENTS = (
    Resident(
        "p-tan",
        "Tan Ah Kow",
        "+6591230001",
        "holds two flats; one is paid, one owes this month",
        (Door(TENGAH, f"{_CRESCENT} #02-03", "prompt"), Door(TENGAH, f"{_CRESCENT} #05-02", "owes_latest")),
    ),
    Resident(
        "p-siti",
        "Siti Aminah binte Yusof",
        "+6591230002",
        "is months behind, with late-payment penalties",
        (Door(TENGAH, f"{_CRESCENT} #07-04", "never"),),
    ),
    Resident(
        "p-kumar",
        "Ravi Kumar",
        "+6591230003",
        "has paid everything, with receipts",
        (Door(TENGAH, f"{_CRESCENT} #09-01", "prompt", "stripe"),),
    ),
    Resident(
        "p-lim",
        "林慧敏 Lim Hui Min",
        "+6591230004",
        "owes at two institutions: a flat here, a parking space there",
        (
            Door(TENGAH, f"{_CRESCENT} #10-06", "owes_latest"),
            Door(MARKET, "1 Market St #P-07", "owes_latest"),
        ),
    ),
    Resident(
        "p-wang",
        "王芳 Wang Fang",
        "+6591230005",
        "has yet to confirm a flat with the code on its printed bill",
        (Door(TENGAH, f"{_CRESCENT} #11-02", "part"),),
        is_confirmed=False,
    ),
)


_joined: list[tuple[Sequence[Employee], Sequence[Resident]]] = []


def join(employees: Sequence[Employee], payers: Sequence[Resident] = ()) -> None:
    """Have the people of another industry's chapter play too; safe to call again."""
    if (employees, payers) not in _joined:
        _joined.append((employees, payers))


def every_employee() -> list[Employee]:
    """Return everybody who works at an institution."""
    return [*EMPLOYEES, *(one for employees, _ in _joined for one in employees)]


def every_payer() -> list[Resident]:
    """Return everybody who pays: residents, parents, patients, visitors."""
    return [*RESIDENTS, *(one for _, payers in _joined for one in payers)]


def customers() -> list[dict[str, Any]]:
    """Return everybody as customers of the sandbox's bank."""
    name, person, institution = NEWCOMER
    newcomer = {
        "id": name,
        "kind": "company",
        "name": person,
        "email": institution.email,
        "note": "Has an open invitation to administer Seaview",
        "mandates": [institution.mandate("authoriser")],
    }
    return [
        *map(_clerk, (*CLERKS, *OTHER_CLERKS)),
        *map(_employee, every_employee()),
        newcomer,
        *(_coming(name, one) for name, one in COMING.items()),
        *map(_resident, every_payer()),
    ]


def _coming(name: str, institution: Institution) -> dict[str, Any]:
    return {
        "id": name,
        "kind": "company",
        "name": institution.administrator,
        "email": institution.email,
        "note": f"Administers {institution.short_name} once it is approved",
        "mandates": [institution.mandate("authoriser")],
    }


def _clerk(clerk: BankClerk) -> dict[str, Any]:
    note = f"{clerk.bank.title()}: {clerk.role.replace('_', ' ')}"
    kept = {"id": clerk.customer, "kind": "staff", "name": clerk.name, "email": clerk.email}
    return kept | {"staff_id": clerk.staff_id, "note": note}


def _employee(one: Employee) -> dict[str, Any]:
    note = f"{one.institution.short_name}: {one.role.replace('_', ' ')}"
    kept = {"id": one.customer, "kind": "company", "name": one.name, "email": one.email, "note": note}
    role = "maker" if one.role in _HANDS else "authoriser"
    return kept | {"mandates": [one.institution.mandate(role)]}


def _resident(one: Resident) -> dict[str, Any]:
    kept = {"id": one.customer, "kind": "personal", "name": one.name, "email": one.email, "phone": one.phone}
    return kept | {"note": one.story.capitalize()}
