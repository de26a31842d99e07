"""Addresses of the rail: the merchants' API, and the bank's own pages for payers and account holders."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from deploy.sandbox import bank_services
from deploy.sandbox.coins import minor
from deploy.sandbox.pages import go, page
from deploy.sandbox.rail import (
    bank_statements,
    chargebacks,
    combined,
    debits,
    deposits,
    holds,
    orders,
    refunds,
    shares,
    statements,
    transfers,
)
from deploy.sandbox.rail.api import endpoint
from deploy.sandbox.store import Doc
from deploy.sandbox.world import World, world_of

BOTH = ["GET", "POST"]


def routes() -> list[BaseRoute]:
    """Everything under `/rail`."""
    return [*_orders(), *_agreements(), *_accounts()]


def _orders() -> list[BaseRoute]:
    """What is paid by code, and what goes back or is disputed."""
    return [
        Route("/rail/orders", endpoint("orders.create", orders.create), methods=["POST"]),
        Route("/rail/orders", endpoint("orders.query", orders.query)),
        Route("/rail/orders/{order}", endpoint("orders.query", orders.query)),
        Route("/rail/orders/{order}/close", endpoint("orders.close", orders.close), methods=["POST"]),
        Route("/rail/refunds", endpoint("refunds.create", refunds.create), methods=["POST"]),
        Route("/rail/refunds", endpoint("refunds.query", refunds.query)),
        Route("/rail/refunds/{refund}", endpoint("refunds.query", refunds.query)),
        Route("/rail/combined-orders", endpoint("combined.create", combined.create), methods=["POST"]),
        Route("/rail/chargebacks/{chargeback}", endpoint("chargebacks.query", chargebacks.query)),
        Route(
            "/rail/chargebacks/{chargeback}/evidence",
            endpoint("chargebacks.answer", chargebacks.answer),
            methods=["POST"],
        ),
        Route(
            "/rail/chargebacks/{chargeback}/acceptance",
            endpoint("chargebacks.accept", chargebacks.accept),
            methods=["POST"],
        ),
        Route("/rail/q/{order}", scan),
        Route("/rail/cashier/{order}", cashier, methods=BOTH),
    ]


def _agreements() -> list[BaseRoute]:
    """What is taken by mandate, and what comes by transfer."""
    return [
        Route("/rail/mandates", endpoint("mandates.create", debits.create), methods=["POST"]),
        Route("/rail/mandates", endpoint("mandates.query", debits.query)),
        Route("/rail/mandates/{mandate}", endpoint("mandates.query", debits.query)),
        Route(
            "/rail/mandates/{mandate}/revoke", endpoint("mandates.revoke", debits.revoke), methods=["POST"]
        ),
        Route("/rail/debits", endpoint("debits.create", debits.debit), methods=["POST"]),
        Route("/rail/authorise/{mandate}", authorise, methods=BOTH),
        Route(
            "/rail/virtual-accounts", endpoint("accounts.create", transfers.open_account), methods=["POST"]
        ),
        Route("/rail/transfers", endpoint("transfers.query", transfers.query)),
        Route("/rail/transfers/{transfer}", endpoint("transfers.query", transfers.one)),
        Route("/rail/transfer", transfer, methods=BOTH),
    ]


def _accounts() -> list[BaseRoute]:
    """What belongs to accounts: shares, proofs, holds and statements."""
    return [
        Route("/rail/shares", endpoint("shares.create", shares.create), methods=["POST"]),
        Route("/rail/shares", endpoint("shares.query", shares.query)),
        Route("/rail/share-returns", endpoint("shares.return", shares.give_back), methods=["POST"]),
        Route("/rail/share-returns", endpoint("shares.query", shares.query_return)),
        Route("/rail/micro-deposits", endpoint("deposits.create", deposits.create), methods=["POST"]),
        Route("/rail/micro-deposits/{deposit}", endpoint("deposits.query", deposits.query)),
        Route(
            "/rail/micro-deposits/{deposit}/verify",
            endpoint("deposits.verify", deposits.verify),
            methods=["POST"],
        ),
        Route("/rail/settlement-holds", endpoint("holds.create", holds.create), methods=["POST"]),
        Route("/rail/settlement-holds/{hold}", endpoint("holds.query", holds.query)),
        Route(
            "/rail/settlement-holds/{hold}/release",
            endpoint("holds.release", holds.release),
            methods=["POST"],
        ),
        Route("/rail/statements/{day}", endpoint("statements.get", statements.statement)),
        Route(
            "/rail/accounts/{account}/statements/{day}",
            endpoint("accounts.statement", bank_statements.statement),
        ),
        Route("/rail/accounts/{account}", account),
    ]


async def scan(request: Request) -> Response:
    """What the QR code holds: the way to the cashier page."""
    return go(f"/rail/cashier/{request.path_params['order']}")


async def cashier(request: Request) -> Response:
    """The payer's bank app: whom, how much; pay or decline."""
    world, key = world_of(request), request.path_params["order"]
    several = world.store.get("rail.combined", key)
    order = combined.lead(world, several) if several else world.store.get("rail.order", key)
    if order is None:
        text = "Check the code, or ask whoever gave it to you."
        return page(request, "message.html", 404, title="There is no such payment", text=text)
    if request.method == "POST":
        return _act(request, world, order, str((await request.form()).get("act", "")))
    payees = [
        (world.store.get("rail.merchant", each["merchant"]) or {}, each["terms"])
        for each in orders.together(world, order)
    ]
    total = sum(terms["amount_minor"] for _, terms in payees)
    return page(request, "cashier.html", order=order, terms=order["terms"], payees=payees, total=total)


def _act(request: Request, world: World, order: Doc, act: str) -> Response:
    if order["status"] == "pending":
        with world.store.transaction():
            {"pay": orders.pay, "decline": orders.decline}.get(act, _nothing)(world, order)
    return go(order["terms"]["return_url"] or request.url.path)


def _nothing(_world: World, _order: Doc) -> None:
    """An unknown button."""


async def account(request: Request) -> Response:
    """The statement of an account, as its owner reads it at the bank."""
    number = request.path_params["account"]
    found = world_of(request).store.find("rail.deposit", number, newest=True)
    return page(request, "account.html", number=number, deposits=found)


async def authorise(request: Request) -> Response:
    """The bank's page for a debit mandate: who may take how much; authorise, refuse, or revoke it later."""
    world = world_of(request)
    mandate = world.store.get("rail.mandate", request.path_params["mandate"])
    if mandate is None:
        text = "Check the address, or ask whoever gave it to you."
        return page(request, "message.html", 404, title="There is no such mandate", text=text)
    if request.method == "POST":
        form = await request.form()
        with world.store.transaction():
            debits.authorise(world, mandate, str(form.get("act", "")), str(form.get("account", "")))
        return go(mandate["return_url"] or request.url.path)
    payee = world.store.get("rail.merchant", mandate["merchant"])
    return page(request, "authorise.html", mandate=mandate, payee=payee)


async def transfer(request: Request) -> Response:
    """The bank's form for a transfer to anybody."""
    world, values, error, done = world_of(request), dict(request.query_params), "", None
    if request.method == "POST":
        values = {name: str(value) for name, value in (await request.form()).items()}
        try:
            amount = minor(values.get("amount", ""), transfers.currency_of(world, values))
            receive = (
                bank_services.remit if values.get("to") == bank_services.COLLECTION else transfers.receive
            )
            with world.store.transaction():
                done = receive(world, values | {"amount_minor": amount})
        except (ValueError, ArithmeticError) as refused:
            error = str(refused) or "the amount is not a number"
    return page(request, "transfer.html", 422 if error else 200, values=values, error=error, done=done)
