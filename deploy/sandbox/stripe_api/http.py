"""Stripe's manners: keys, form encoding, `Stripe-Account`, idempotency, errors. Source: Stripe API reference."""

import hashlib
import re
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from deploy.sandbox.faults import CALL_KINDS, Fault, suffer
from deploy.sandbox.store import Doc, Row
from deploy.sandbox.world import World, new_id, world_of

PLATFORM = "acct_sandboxplatform"
API_VERSION = "2026-10-28.endive"
PAYMENT_REQUIRED = 402
REFUSED = "sandbox.refused"
"""Where a handler leaves a card's error: unlike other refusals, what it has written stays written."""
_KEY_LIFE = 24 * 3600
_PARTS = re.compile(r"[^\[\]]+")
_SERVER_ERROR: Doc = {
    "error": {"type": "api_error", "message": "An error occurred internally with Stripe. (sandbox)"}
}

request_facts: ContextVar[Doc | None] = ContextVar("request_facts", default=None)


class StripeError(Exception):
    """A refused call in Stripe's shape. `is_kept` when it is stored under the idempotency key."""

    def __init__(
        self,
        message: str,
        *,
        status: int = 400,
        kind: str = "invalid_request_error",
        code: str | None = None,
        param: str | None = None,
        is_kept: bool = False,
    ) -> None:
        """Say what is wrong."""
        super().__init__(message)
        self.status, self.is_kept = status, is_kept
        self.body: Doc = {"error": {"type": kind, "message": message}}
        if code is not None:
            self.body["error"] |= {"code": code, "doc_url": f"https://stripe.com/docs/error-codes/{code}"}
        if param is not None:
            self.body["error"]["param"] = param


def missing(kind: str, key: str, param: str = "id") -> StripeError:
    """No object of that id."""
    return StripeError(f"No such {kind}: '{key}'", status=404, code="resource_missing", param=param)


@dataclass(frozen=True, slots=True)
class Call:
    """One authenticated call: on which account, with which parameters."""

    world: World
    account: str
    params: Doc
    path: dict[str, str]
    idempotency_key: str = ""
    request_id: str = ""
    fingerprint: str = ""
    headers: dict[str, str] = field(default_factory=dict)

    def text(self, name: str, *, required: bool = False) -> str | None:
        """A string parameter."""
        value = self.params.get(name)
        if value in (None, "") and required:
            raise StripeError(f"Missing required param: {name}.", code="parameter_missing", param=name)
        if value is not None and not isinstance(value, str):
            raise StripeError("Invalid string", code="parameter_invalid_string", param=name)
        return value or None

    def whole(self, name: str) -> int | None:
        """An integer parameter."""
        return whole(self.params.get(name), name)


def whole(value: Any, name: str) -> int | None:
    """An integer out of a form value. Raises StripeError."""
    if value in (None, ""):
        return None
    if not re.fullmatch(r"-?\d{1,15}", str(value)):
        raise StripeError(f"Invalid integer: {value}", code="parameter_invalid_integer", param=name)
    return int(value)


def truth(value: Any) -> bool:
    """A boolean out of a form value."""
    return value in (True, "true", "True", "1")


Handler = Callable[[Call], Doc]


def endpoint(operation: str, handler: Handler) -> Callable[[Request], Any]:
    """One operation of the API, with its faults: errors are kept under the idempotency key, as at Stripe."""

    async def run(request: Request) -> Response:
        body = (await request.body()).decode("utf-8", "replace")
        fault = world_of(request).faults.take("stripe", operation, CALL_KINDS, str(request.url))

        async def work(request: Request) -> Response:
            try:
                call = open_call(request, body)
                return _answer(call, handler, fault if fault and fault.kind.startswith("error") else None)
            except StripeError as error:
                return JSONResponse(error.body, error.status, {"Request-Id": new_id("req_", 14)})

        if fault is None or fault.kind.startswith("error"):
            return await work(request)
        return await suffer(fault, request, work)

    return run


def open_call(request: Request, body: str) -> Call:
    """Check the key and the account, and read the parameters."""
    world = world_of(request)
    _check_key(request)
    account = request.headers.get("stripe-account") or PLATFORM
    if account != PLATFORM and world.store.get("acct", account) is None:
        text = (
            f"The provided key does not have access to account '{account}' (or that account does not exist)."
        )
        raise StripeError(text, status=403, code="account_invalid")
    pairs = parse_qsl(
        request.url.query if request.method in ("GET", "DELETE") else body, keep_blank_values=True
    )
    print_of = hashlib.sha256(f"{request.method} {request.url.path} {account}\n{sorted(pairs)}".encode())
    return Call(
        world=world,
        account=account,
        params=nested(pairs),
        path={k: str(v) for k, v in request.path_params.items()},
        idempotency_key=request.headers.get("idempotency-key", "") if request.method == "POST" else "",
        request_id=new_id("req_", 14),
        fingerprint=print_of.hexdigest(),
    )


def _check_key(request: Request) -> None:
    scheme, _, key = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not key.startswith(("sk_test_", "rk_test_")):
        text = "Invalid API Key provided. The sandbox takes any key that starts with sk_test_."
        raise StripeError(text, status=401)


def _answer(call: Call, handler: Handler, fault: Fault | None) -> Response:
    headers = {"Request-Id": call.request_id, "Stripe-Version": API_VERSION}
    headers |= {} if call.account == PLATFORM else {"Stripe-Account": call.account}
    if not call.idempotency_key:
        status, body = _perform(call, handler, fault)
        return JSONResponse(body, status, headers)
    headers |= {"Idempotency-Key": call.idempotency_key}
    kept = _kept(call)
    if kept is not None:
        headers |= {"Idempotent-Replayed": "true", "Stripe-Should-Retry": "false"}
        return JSONResponse(kept["body"], kept["status"], headers)
    status, body = _perform(call, handler, fault)
    _keep(call, status, body)
    return JSONResponse(body, status, headers)


def _kept(call: Call) -> Doc | None:
    kept = call.world.store.get("stripe.key", f"{call.account}|{call.idempotency_key}")
    if kept is None or kept["expires"] < call.world.clock.seconds():
        return None
    if kept["fingerprint"] != call.fingerprint:
        text = (
            "Keys for idempotent requests can only be used with the same parameters they were first used with. "
            f"Try using a key other than '{call.idempotency_key}' if you meant to execute a different request."
        )
        raise StripeError(text, kind="idempotency_error")
    return kept


def _keep(call: Call, status: int, body: Doc) -> None:
    expires = call.world.clock.seconds() + _KEY_LIFE
    doc = {"fingerprint": call.fingerprint, "status": status, "body": body, "expires": expires}
    call.world.store.put("stripe.key", Row(f"{call.account}|{call.idempotency_key}", doc))


def _perform(call: Call, handler: Handler, fault: Fault | None) -> tuple[int, Doc]:
    if fault is not None and fault.kind == "error_before":
        return fault.status, _SERVER_ERROR
    token = request_facts.set({"id": call.request_id, "idempotency_key": call.idempotency_key or None})
    try:
        with call.world.store.transaction():
            body = handler(call)
            refused = body.pop(REFUSED, None)
    except StripeError as error:
        if not error.is_kept:
            raise
        return error.status, error.body
    finally:
        request_facts.reset(token)
    if refused is not None:
        body, status = {"error": refused}, PAYMENT_REQUIRED
        return (status, body) if fault is None else (fault.status, _SERVER_ERROR)
    return (200, body) if fault is None else (fault.status, _SERVER_ERROR)


def nested(pairs: list[tuple[str, str]]) -> Doc:
    """`a[b][0]=c` as nested dictionaries and lists. Raises StripeError for keys that contradict each other."""
    root: Doc = {}
    for name, value in pairs:
        parts = _PARTS.findall(name) + ([""] if name.endswith("[]") else [])
        here = root
        for part in parts[:-1]:
            here = here.setdefault(part, {})
            if not isinstance(here, dict):
                raise StripeError(f"Invalid parameter: {name}", param=name)
        here[parts[-1] or str(len(here))] = value
    return {key: _listed(value) for key, value in root.items()}


def _listed(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    inner = {key: _listed(item) for key, item in value.items()}
    if inner and all(key.isdigit() for key in inner):
        return [inner[key] for key in sorted(inner, key=int)]
    return inner
