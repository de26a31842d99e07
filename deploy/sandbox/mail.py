"""Mail and text messages: taken over SMTP and HTTP, kept, shown; never sent on."""

import asyncio
import hmac
import uuid
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import cast

from aiosmtpd.smtp import SMTP, Envelope, Session
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from deploy.sandbox.faults import guarded
from deploy.sandbox.pages import page
from deploy.sandbox.store import Doc, Row, Store
from deploy.sandbox.world import World, iso, world_of

_MAX_TEXT = 1000


class _Inbox:
    """What aiosmtpd calls for each message."""

    def __init__(self, world: World) -> None:
        self._world = world

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802 - its name
        content = envelope.content or b""
        raw = content if isinstance(content, bytes) else content.encode()
        message = message_from_bytes(raw, policy=policy.default)
        keep_mail(self._world, message, [str(to) for to in envelope.rcpt_tos], str(envelope.mail_from or ""))
        return "250 OK"


def keep_mail(world: World, message: EmailMessage, to: list[str], sender: str) -> Doc:
    """Put a message into the mailbox."""
    text, html = message.get_body(("plain",)), message.get_body(("html",))
    doc = {
        "kind": "mail",
        "id": uuid.uuid4().hex,
        "to": to,
        "from": str(message.get("From", sender)),
        "subject": str(message.get("Subject", "")),
        "text": str(text.get_content()) if text else "",
        "html": str(html.get_content()) if html else "",
        "headers": {k: str(v) for k, v in message.items()},
        "attachments": [
            {"name": part.get_filename() or "", "type": part.get_content_type(), "size": len(_bytes(part))}
            for part in message.iter_attachments()
        ],
        "received_at": iso(world.clock.now()),
    }
    return _keep(world, doc, "mail")


def _bytes(part: object) -> bytes:
    payload = cast("EmailMessage", part).get_payload(decode=True)
    return payload if isinstance(payload, bytes) else b""


def _keep(world: World, doc: Doc, surface: str) -> Doc:
    return world.store.put(
        "message", Row(doc["id"], doc, surface, words=" ".join([*doc["to"], doc["subject"]]))
    )


async def listen(world: World) -> asyncio.Server | None:
    """Take mail on the configured port, if there is one."""
    settings, loop = world.settings, asyncio.get_running_loop()
    if settings.smtp_port is None:
        return None

    def session() -> SMTP:
        return SMTP(_Inbox(world), enable_SMTPUTF8=True, hostname="sandbox", ident="sandbox", loop=loop)

    return await loop.create_server(session, settings.smtp_host, settings.smtp_port)


async def send_text(request: Request) -> Response:
    """`POST /sms/messages` with a bearer key and `{to, text}`."""
    world = world_of(request)
    given = request.headers.get("authorization", "").removeprefix("Bearer ")
    if not hmac.compare_digest(given.encode(), world.settings.sms_key.encode()):
        return JSONResponse({"error": "unauthorized"}, 401)
    body = await _json(request)
    to, text = body.get("to"), body.get("text")
    if (
        not isinstance(to, str)
        or not to.strip()
        or not isinstance(text, str)
        or not 0 < len(text) <= _MAX_TEXT
    ):
        return JSONResponse(
            {"error": "invalid", "message": f"to, and text of 1 to {_MAX_TEXT} characters"}, 422
        )
    doc = {"kind": "sms", "id": uuid.uuid4().hex, "to": [to], "subject": "", "text": text}
    _keep(world, doc | {"received_at": iso(world.clock.now())}, "sms")
    return JSONResponse({"id": doc["id"], "status": "sent"}, 201)


async def _json(request: Request) -> Doc:
    try:
        body = await request.json()
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


def messages(store: Store, surface: str | None, to: str, limit: int = 200) -> list[Doc]:
    """Messages newest first; `to` is part of a recipient."""
    found = store.find("message", surface, words=to, newest=True, limit=limit)
    return [doc for doc in found if not to or any(to.lower() in name.lower() for name in doc["to"])]


async def inbox(request: Request) -> Response:
    """Mail and text messages, newest first."""
    to = request.query_params.get("to", "")
    return page(request, "mail.html", to=to, messages=messages(world_of(request).store, None, to))


async def message(request: Request) -> Response:
    """One message."""
    doc = world_of(request).store.get("message", request.path_params["id"])
    if doc is None:
        return page(request, "message.html", 404, title="No such message", text="It may have been cleared.")
    return page(request, "mail_message.html", mail=doc)


def routes() -> list[BaseRoute]:
    """The mailbox's pages, and the text message port."""
    return [
        Route("/mail", inbox),
        Route("/mail/{id}", message),
        Route("/sms/messages", guarded("sms", "send", send_text), methods=["POST"]),
    ]
