"""The vendors of the demonstration and the app of each, as its vendor would write it up."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from deploy.sandbox.apps import contract, invoice, people, practice, visits
from deploy.sandbox.apps.kit import About
from deploy.seed.cast import Institution
from tenants import uscc

Words = tuple[str, str]
"""English, Chinese."""


@dataclass(frozen=True, slots=True)
class Offer:
    """One vendor with its owner and its app."""

    about: About
    company: Institution
    customer: str
    icon: tuple[int, Sequence[str]]
    name: Words
    summary: Words
    text: Words
    price: Words
    needs: Sequence[str]
    reasons: dict[str, Words]
    roles: frozenset[str]
    is_framed: bool = True
    level: int = 1
    places: Sequence[tuple[str, str, str]] = ()
    protocol: str = ""
    """SCIM keeps its staff in step; LTI and SMART tools are launched by it and sign with a key of their own."""
    scenarios: Sequence[str] = ()
    """The industries it is for, where not for all."""


def _company(slug: str, name: str, code: str, head: str) -> Institution:
    return Institution(
        slug, name, name, uscc.make(code), head, head, f"office@{slug}.example", "+65 6555 0700"
    )


_WHO = {
    "profile": ("To greet whoever opens it by name", "用姓名称呼打开者"),
    "tenant": ("To keep each institution's papers apart", "区分各机构的文件"),
}
OFFERS = (
    Offer(
        contract.ABOUT,
        _company("ink-and-seal", "Ink and Seal Software Ltd.", "91350100MA2XNKAR0", "Vera Ng"),
        "op-vera",
        (
            0x8A3B12,
            ("00111100", "00100100", "00111100", "00011000", "00011000", "01111110", "00000000", "01111110"),
        ),
        ("E-contract", "电子合同"),
        ("Contracts signed with the bank's identity and sealed", "用银行身份签署并签章的合同"),
        (
            "Drafts a contract from what the bank has verified of your institution. Signing asks for your bank key,"
            " now. The sealed PDF can be checked by anybody.",
            "根据银行核实的机构信息起草合同。签署时现场验证银行密钥。签章 PDF 任何人都可验证。",
        ),
        ("Free up to 20 contracts a month, then SGD 1.50 each", "每月 20 份免费，之后每份 1.50 新元"),
        ("contracts",),
        _WHO
        | {
            "roles": ("To let only administrators send contracts out", "只允许管理员发出合同"),
            "enterprise": ("To fill in your side of each contract", "填写合同中贵方信息"),
        },
        frozenset({"administrator"}),
        is_framed=False,
        level=2,
        places=(("new", "New contract", "新合同"),),
    ),
    Offer(
        invoice.ABOUT,
        _company("fapiao-cloud", "Fapiao Cloud Technology Co., Ltd.", "91350100MA2XFPCL0", "Xu Jing"),
        "op-xu",
        (
            0x0B6B5D,
            ("01111110", "01000010", "01011010", "01000010", "01011010", "01000010", "01111110", "01011010"),
        ),
        ("E-invoice", "电子发票"),
        ("A numbered invoice for every payment, by itself", "每笔缴费自动开具发票"),
        (
            "Issues an invoice as soon as a payment comes in, and a red-letter one when money goes back. Whoever paid"
            " downloads it from the bill.",
            "收到缴费即开具发票，退款时开具红字发票。缴费人可在账单中下载。",
        ),
        ("SGD 0.02 an invoice", "每张 0.02 新元"),
        ("invoices", "accounting"),
        _WHO
        | {
            "enterprise": ("To name the seller on the invoice", "发票上的销售方信息"),
            "payments": ("To know of payments and refunds as they happen", "及时获知缴费与退款"),
            "bills": ("To list what was paid for", "列明缴费项目"),
            "accounts": ("To name the buyer on the invoice", "发票上的购买方信息"),
            "documents": ("To add the invoice to its bill", "将发票附于账单"),
            "offline_access": ("To issue invoices at night too", "夜间也能开票"),
        },
        frozenset({"administrator", "finance"}),
        places=(("figures", "Figures", "统计"),),
    ),
    Offer(
        people.ABOUT,
        _company("peopleware", "Peopleware HR Services Pte. Ltd.", "91350100MA2XPEPL0", "Rahul Menon"),
        "op-rahul",
        (
            0x3850B8,
            ("00011000", "00111100", "00111100", "00011000", "00111100", "01111110", "01111110", "01111110"),
        ),
        ("People", "人事"),
        ("Who works here, and who is away", "谁在岗，谁在休假"),
        (
            "The directory of your staff, always as your institution keeps it, and leave that is asked for and"
            " decided.",
            "与机构保持一致的员工通讯录，以及请假的申请与审批。",
        ),
        ("SGD 2 for each member of staff a month", "每名员工每月 2 新元"),
        ("staff",),
        _WHO
        | {
            "roles": ("To know who decides about leave", "确认谁审批请假"),
            "people": ("To show who works here", "显示员工名单"),
            "roster": (
                "At a school: to know which classes need somebody when a teacher is away",
                "用于学校：教师请假时了解哪些班级需要代课",
            ),
            "offline_access": ("To keep up while nobody has it open", "无人打开时也保持更新"),
        },
        frozenset({"administrator", "finance", "cashier", "front_desk"}),
        places=(("leave", "Leave", "请假"),),
        protocol="scim",
    ),
    Offer(
        practice.ABOUT,
        _company("little-sums", "Little Sums Learning Pte. Ltd.", "91350100MA2XPRAC0", "Grace Teo"),
        "op-grace",
        (
            0x7A4A00,
            ("00011000", "00011000", "01111110", "01111110", "00011000", "00011000", "00000000", "01111110"),
        ),
        ("Practice", "练习"),
        ("Ten sums for a class, with a mark for each child", "为班级布置十道口算题并给出成绩"),
        (
            "A teacher puts an exercise into a class. Children do it at school or at home, as often as they like; the"
            " best mark goes to the class.",
            "教师把练习放入班级，孩子在校或在家反复练习，最好成绩记入班级。",
        ),
        ("Free for schools", "学校免费"),
        ("learning",),
        _WHO
        | {
            "roles": ("To show teachers the class and children the sums", "教师看班级，孩子做练习"),
            "accounts": (
                "To tell the children of a class apart, by name where families agree",
                "区分班级中的学生",
            ),
            "grades": ("To give the best mark back to the class", "把最好成绩交给班级"),
        },
        frozenset({"administrator", "class_teacher", "family"}),
        is_framed=False,
        protocol="lti",
        scenarios=("education",),
    ),
    Offer(
        visits.ABOUT,
        _company("clear-care", "Clear Care Systems Pte. Ltd.", "91350100MA2XWKT80", "Huda Osman"),
        "op-huda",
        (
            0x0B5C8A,
            ("00011000", "00011000", "00011000", "01111110", "01111110", "00011000", "00011000", "00011000"),
        ),
        ("Visit summary", "就诊摘要"),
        ("One page of a patient: to come, before, to pay", "一页看清患者：待就诊、就诊记录、待缴费"),
        (
            "Opened at a patient, it reads that patient's appointments and open bills by FHIR and shows them on one"
            " page. It keeps nothing of them and cannot read anybody else.",
            "在患者页面打开，通过 FHIR 读取该患者的预约和未付账单并显示在一页上。不保存任何内容，也无法读取其他患者。",
        ),
        ("SGD 20 a month for a hospital", "每家医院每月 20 新元"),
        ("care",),
        _WHO
        | {
            "accounts": ("To know at which patient it is opened", "确认在哪位患者处打开"),
            "records": ("To show that patient's visits and bills", "显示该患者的就诊与账单"),
        },
        frozenset({"administrator", "doctor", "front_desk"}),
        is_framed=False,
        protocol="smart",
        scenarios=("hospital",),
    ),
)


def customers() -> list[dict[str, Any]]:
    """Return the vendors' owners as customers of the sandbox's bank."""
    return [
        {
            "id": one.customer,
            "kind": "company",
            "name": one.company.representative,
            "email": one.company.email,
            "note": f"{one.company.legal_name}: makes {one.name[0]}",
            "mandates": [one.company.mandate("authoriser")],
        }
        for one in OFFERS
    ]


def offer_of(name: str) -> Offer:
    """Return what is offered under an app's name."""
    return next(one for one in OFFERS if one.about.name == name)
