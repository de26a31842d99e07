"""E-invoice: issues a numbered invoice when a payment comes in, and a red-letter one when money goes back.

It learns of both by webhook, keeps its own numbers, and adds the PDF to the bill, where whoever paid downloads it.
"""

import datetime as dt
import json
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from deploy.sandbox.apps.kit import About, Kit, Person, money, signed_in, started
from deploy.sandbox.apps.paper import sheet

ABOUT = About(
    name="invoice",
    title="E-invoice",
    title_zh="电子发票",
    scope="openid profile tenant enterprise payments bills accounts documents offline_access",
    places=(("/", "Invoices", "发票"), ("/figures", "Figures", "统计")),
    schema="""
    create table if not exists invoice (
      id integer primary key, installation text, number text, kind text, payment text, bill text, bill_number text,
      buyer text, currency text, amount_minor integer, lines text, red_of text, cause text, at text,
      unique (installation, number), unique (installation, kind, cause, bill));
    create table if not exists counter (
      installation text, year integer, last integer, primary key (installation, year));
    """,
)


async def launch(request: Request) -> Response:
    """Begin inside the product's page."""
    kit: Kit = request.app.state.kit
    return kit.frame(request)


@signed_in
async def invoices(request: Request, kit: Kit, person: Person) -> Response:
    """List the institution's invoices."""
    words = f"%{request.query_params.get('q', '')}%"
    found = kit.db.execute(
        "select * from invoice where installation = ? and (number like ? or buyer like ? or bill_number like ?)"
        " order by id desc limit 200",
        (person.installation, words, words, words),
    ).fetchall()
    await _learn(kit, person.installation)
    facts = kit.facts(person.installation)
    return kit.page(request, "invoices.html", person=person, invoices=found, facts=facts, q=words.strip("%"))


@signed_in
async def show(request: Request, kit: Kit, person: Person) -> Response:
    """Send one invoice as PDF."""
    found = _find(kit, person.installation, request.path_params["id"])
    if found is None:
        return kit.say(request, 404, "There is no such invoice.", "没有这张发票。")
    name = f'attachment; filename="{found["number"]}.pdf"'
    pdf = _pdf(found, kit.facts(person.installation))
    return Response(pdf, media_type="application/pdf", headers=kit.headers() | {"Content-Disposition": name})


@signed_in
async def figures(request: Request, kit: Kit, person: Person) -> Response:
    """Show what was invoiced by month."""
    months = kit.db.execute(
        "select substr(at, 1, 7) month, currency, sum(kind = 'blue') blue, sum(kind = 'red') red,"
        " sum(amount_minor) total from invoice where installation = ? group by 1, 2 order by 1 desc",
        (person.installation,),
    ).fetchall()
    return kit.page(request, "figures.html", person=person, months=months)


async def heard(kit: Kit, event: str, installation: str, data: dict[str, Any]) -> None:
    """Issue an invoice for what came in, and a red-letter one for what went back."""
    if event == "installation.deletion_due":
        kit.db.execute("delete from invoice where installation = ?", (installation,))
    elif event == "payment.succeeded":
        await _learn(kit, installation)
        for bill in data.get("bills", ()):
            await _file(kit, installation, _issue(kit, installation, data, bill))
    elif event == "refund.succeeded":
        for blue in _of_payment(kit, installation, data["payment_id"]):
            await _file(kit, installation, _take_back(kit, installation, data, blue))


def create(url: str, data: Path) -> Starlette:
    """Return the app that is reached at ``url`` and keeps its own database in ``data``."""
    pages = [
        Route("/launch", launch),
        Route("/", invoices),
        Route("/figures", figures),
        Route("/invoices/{id:int}", show),
    ]
    return started(Kit(ABOUT, url, data), pages, heard)


async def _learn(kit: Kit, installation: str) -> None:
    """Read who the seller is, as the bank verified it, once."""
    if not kit.facts(installation):
        kit.know(installation, await kit.api(installation, "GET", "tenant"))


def _find(kit: Kit, installation: str, number: int) -> Any:
    asked = "select * from invoice where installation = ? and id = ?"
    return kit.db.execute(asked, (installation, number)).fetchone()


def _of_payment(kit: Kit, installation: str, payment: str) -> list[Any]:
    asked = "select * from invoice where installation = ? and payment = ? and kind = 'blue' order by id"
    return kit.db.execute(asked, (installation, payment)).fetchall()


def _issue(kit: Kit, installation: str, data: dict[str, Any], bill: dict[str, Any]) -> Any:
    """Write the invoice of one bill's part of a payment; the same payment again gives the same invoice."""
    buyer = ", ".join(_buyer(one) for one in data.get("accounts", ())) or "–"
    lines = [[_name(line["names"]), line["amount_minor"]] for line in bill["lines"]]
    return _write(
        kit, installation, kind="blue", payment=data["id"], bill=bill["id"], bill_number=bill["number"], buyer=buyer,
        currency=data["currency"], amount_minor=bill["amount_minor"], lines=lines, red_of="", cause=data["id"],
    )  # fmt: skip


def _take_back(kit: Kit, installation: str, data: dict[str, Any], blue: Any) -> Any:
    """Write the red-letter invoice of a refund against the invoice it takes from, never more than that was."""
    red = kit.db.execute(
        "select coalesce(sum(amount_minor), 0) total from invoice where installation = ? and red_of = ?",
        (installation, blue["number"]),
    ).fetchone()["total"]
    amount = -min(data["amount_minor"], blue["amount_minor"] + red)
    if amount == 0:
        return None
    return _write(
        kit, installation, kind="red", payment=blue["payment"], bill=blue["bill"], bill_number=blue["bill_number"],
        buyer=blue["buyer"], currency=blue["currency"], amount_minor=amount,
        lines=[[f"Refund {data['number']}", amount]], red_of=blue["number"], cause=data["id"],
    )  # fmt: skip


def _write(kit: Kit, installation: str, **facts: Any) -> Any:
    key = (installation, facts["kind"], facts["cause"], facts["bill"])
    asked = "select * from invoice where installation = ? and kind = ? and cause = ? and bill = ?"
    with kit.together():
        there = kit.db.execute(asked, key).fetchone()
        if there is None:
            now = dt.datetime.now(dt.UTC)
            values = facts | {
                "installation": installation,
                "number": _next_number(kit, installation, now.year),
                "lines": json.dumps(facts["lines"]),
                "at": now.isoformat(timespec="seconds"),
            }
            columns = ", ".join(values)
            marks = ", ".join("?" for _ in values)
            kit.db.execute(f"insert into invoice ({columns}) values ({marks})", tuple(values.values()))
    return kit.db.execute(asked, key).fetchone()


def _next_number(kit: Kit, installation: str, year: int) -> str:
    """Return the next number without gaps: counted in the transaction that writes the invoice."""
    last = kit.db.execute(
        "insert into counter values (?, ?, 1) on conflict do update set last = last + 1 returning last",
        (installation, year),
    ).fetchone()["last"]
    return f"EI{year}{last:08d}"


async def _file(kit: Kit, installation: str, found: Any) -> None:
    """Add the PDF to the bill it belongs to."""
    if found is None:
        return
    title = ("Red-letter invoice" if found["kind"] == "red" else "Invoice") + f" {found['number']}"
    pdf = _pdf(found, kit.facts(installation))
    await kit.api(
        installation,
        "POST",
        f"bills/{found['bill']}/documents",
        data={"kind": "invoice", "number": found["number"], "title": title},
        files={"file": (f"{found['number']}.pdf", pdf, "application/pdf")},
    )


def _pdf(found: Any, seller: dict[str, Any]) -> bytes:
    is_red = found["kind"] == "red"
    facts = [
        ("Number", found["number"]),
        ("Date", found["at"][:10]),
        ("Seller", str(seller.get("enterprise_name") or seller.get("tenant_name") or "")),
        ("Credit code", str(seller.get("enterprise_uscc") or "–")),
        ("Buyer", found["buyer"]),
        ("Bill", found["bill_number"]),
    ]
    if is_red:
        facts.append(("Takes back", found["red_of"]))
    lines = [(name, money(amount, found["currency"])) for name, amount in json.loads(found["lines"])]
    lines.append(("Total", money(found["amount_minor"], found["currency"])))
    foot = "Issued by E-invoice. Seller as verified by its bank."
    return sheet("Red-letter invoice" if is_red else "Invoice", facts, lines, foot=foot, is_red=is_red)


def _buyer(account: dict[str, str]) -> str:
    name, number = account["name"], account["number"]
    return name if number in name else f"{name} ({number})"


def _name(names: dict[str, str]) -> str:
    return names.get("en") or next(iter(names.values()), "")
