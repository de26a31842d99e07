"""What a bank asks around it before it takes an institution on: the registry, lists, and proofs of accounts.

Every call carries the bank's key in ``Authorization: Bearer``; the sandbox takes any. The registry knows what the
control API has registered, and every company whose mandate one of the bank's customers holds.
"""

import hmac
import secrets
from collections.abc import Callable, Iterator
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from deploy.sandbox.faults import guarded
from deploy.sandbox.store import Doc, Row
from deploy.sandbox.world import World, iso, new_id, world_of

COLLECTION = "9000-ONBOARDING"
"""The bank's own account that applicants send a named amount to."""
_TRIES = 3
_SOURCES = {"sanctions": "Sandbox sanctions list", "risk": "Sandbox risk list"}
_LISTED = (
    {"name": "Northern Star Trading Co., Ltd.", "list": "sanctions", "since": "2024-02-01"},
    {"name": "Viktor Sandoval", "list": "sanctions", "since": "2023-06-15"},
    {"name": "Quick Cash Estates Pte. Ltd.", "list": "risk", "since": "2025-09-30"},
)
Act = Callable[[World, Doc, dict[str, str]], tuple[int, Doc]]


def register(world: World, body: Doc, _path: dict[str, str]) -> Doc:
    """Put institutions into the registry: `{institutions: [{uscc, name, legal_representative, status, …}]}`."""
    found = body.get("institutions")
    if not isinstance(found, list):
        raise ValueError("institutions is a list")  # noqa: TRY004 - answered like every wrong body
    world.store.put_many("registry.entry", [Row(str(one["uscc"]), one) for one in found])
    return {"count": len(found)}


def look_up(world: World, _body: Doc, path: dict[str, str]) -> tuple[int, Doc]:
    """What the registry says about a credit code."""
    found = world.store.get("registry.entry", path["uscc"]) or _from_mandates(world, path["uscc"])
    if found is None:
        return 404, {"error": "not_registered"}
    return 200, {
        "source": "Sandbox company registry",
        "as_of": iso(world.clock.now()),
        "status": "active",
    } | found


def _from_mandates(world: World, uscc: str) -> Doc | None:
    for customer in world.store.find("oidc.customer"):
        for mandate in customer.get("mandates") or ():
            if mandate.get("enterprise_uscc") == uscc:
                return {
                    "uscc": uscc,
                    "name": mandate["enterprise_name"],
                    "legal_representative": mandate.get("enterprise_legal_representative", ""),
                }
    return None


def screen(_world: World, body: Doc, _path: dict[str, str]) -> tuple[int, Doc]:
    """Names that are on a list, each hit with its source and since when."""
    names = {_plain(str(name)): str(name) for name in body.get("names") or ()}
    return 200, {"hits": list(_hits(names))}


def _hits(names: dict[str, str]) -> Iterator[Doc]:
    for listed in _LISTED:
        given = names.get(_plain(listed["name"]))
        if given is not None:
            yield {
                "name": given,
                "list": listed["list"],
                "source": _SOURCES[listed["list"]],
                "since": listed["since"],
            }


def _plain(name: str) -> str:
    return "".join(letter for letter in name.casefold() if letter.isalnum())


def send(world: World, body: Doc, _path: dict[str, str]) -> tuple[int, Doc]:
    """Send 0.01 to 0.99 to an account; the same reference is sent once. Its owner reads it at the bank."""
    alt = f"bank|{body['reference']}"
    known = world.store.by_alt("rail.deposit", alt)
    if known is None:
        account = str(body["account_number"])
        known = {
            "deposit_id": new_id("mdp_"),
            "reference": str(body["reference"]),
            "account_number": account,
            "account_name": str(body["account_name"]),
            "currency": str(body["currency"]),
            "amount_minor": secrets.randbelow(99) + 1,
            "status": "sent",
            "tries_left": _TRIES,
            "created_at": iso(world.clock.now()),
            "merchant": "bank",
        }
        world.store.put("rail.deposit", Row(known["deposit_id"], known, account, alt))
    return 200, {"reference": known["reference"], "status": known["status"]}


def compare(world: World, body: Doc, path: dict[str, str]) -> tuple[int, Doc]:
    """Whether this is the amount that was sent; three tries."""
    known = world.store.by_alt("rail.deposit", f"bank|{path['reference']}")
    if known is None:
        return 404, {"error": "no_such_deposit"}
    if known["status"] == "sent":
        is_match = hmac.compare_digest(str(body.get("amount_minor")), str(known["amount_minor"]))
        known["tries_left"] -= 1
        known["status"] = "verified" if is_match else ("sent" if known["tries_left"] else "failed")
        world.store.save("rail.deposit", known["deposit_id"], known)
    return 200, {"is_match": known["status"] == "verified", "tries_left": known["tries_left"]}


def remit(world: World, body: Doc) -> Doc:
    """Somebody sends money to the bank's onboarding account; the reference says for whom."""
    key = new_id("rmt_")
    remittance: Doc = {
        "id": key,
        "reference": str(body.get("reference", "")).strip(),
        "amount_minor": int(body["amount_minor"]),
        "currency": str(body.get("currency") or "SGD").upper(),
        "account_number": str(body.get("payer_account", "")),
        "payer_name": str(body.get("payer_name", "")),
        "status": "received",
        "received_at": iso(world.clock.now()),
    }
    return world.store.put("bank.remittance", Row(key, remittance, remittance["reference"]))


def remittances(world: World, _body: Doc, path: dict[str, str]) -> tuple[int, Doc]:
    """What came in under a reference."""
    return 200, {"remittances": world.store.find("bank.remittance", path["reference"])}


def give_back(world: World, _body: Doc, path: dict[str, str]) -> tuple[int, Doc]:
    """Send a remittance back to where it came from; asking again changes nothing."""
    found = world.store.get("bank.remittance", path["id"])
    if found is None:
        return 404, {"error": "no_such_remittance"}
    found["status"] = "returned"
    world.store.save("bank.remittance", path["id"], found)
    return 200, found


def _endpoint(operation: str, act: Act) -> Callable[[Request], Any]:
    async def run(request: Request) -> Response:
        if not request.headers.get("authorization", "").startswith("Bearer "):
            return JSONResponse({"error": "unauthorised"}, 401)
        world = world_of(request)
        body = await request.json() if request.method == "POST" and await request.body() else {}
        with world.store.transaction():
            status, answer = act(world, body, {k: str(v) for k, v in request.path_params.items()})
        return JSONResponse(answer, status)

    return guarded("bank", operation, run)


def routes() -> list[BaseRoute]:
    """Everything under `/bank-services`."""
    root = "/bank-services"
    table: tuple[tuple[str, str, str, Act], ...] = (
        ("GET", "/registry/{uscc}", "registry.look_up", look_up),
        ("POST", "/screening", "lists.screen", screen),
        ("POST", "/deposits", "deposits.send", send),
        ("POST", "/deposits/{reference}/comparison", "deposits.compare", compare),
        ("GET", "/remittances/{reference}", "remittances.list", remittances),
        ("POST", "/remittances/{id}/return", "remittances.return", give_back),
    )
    return [Route(root + path, _endpoint(name, act), methods=[method]) for method, path, name, act in table]
