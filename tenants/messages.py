"""Sending one message to the outside: e-mail over SMTP, text messages over HTTP."""

import asyncio
import re
import smtplib
import ssl
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import formatdate, make_msgid, parseaddr
from html import escape
from typing import Literal
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

from tenants.outbound import OutboundError, RefusedError, call
from tenants.runtime import runtime

Channel = Literal["email", "sms"]
SECONDS = 15
_LINK = re.compile(r"(https?://[^\s<>\"]+)")
SERVER_FAULT = 500
_stops: list[str] = []


def let_stop_at(path: str) -> None:
    """Have mail programs offer to stop letters that hold a link below this path: one POST there has to do it."""
    if path not in _stops:
        _stops.append(path)


@dataclass(frozen=True, slots=True)
class Letterhead:
    """Whose letter it is: a bank's name and its logo as a PNG, which may be empty."""

    name: str
    logo: bytes


class NotSent(Exception):
    """The message was not taken; ``is_final`` when sending it again is of no use."""

    def __init__(self, reason: str, *, is_final: bool = False) -> None:
        super().__init__(reason)
        self.is_final = is_final


def has_channel(channel: str) -> bool:
    """Whether messages of this kind can leave at all."""
    return bool({"email": runtime().smtp_url, "sms": runtime().sms_url}.get(channel, ""))


async def send(
    channel: str, recipient: str, subject: str, body: str, letterhead: Letterhead | None = None
) -> None:
    """Send now and wait until the mail server or the text message gateway has taken it.

    Raises:
        NotSent: when it was not taken. A gateway that took it may still fail to deliver.
    """
    if not has_channel(channel):
        raise NotSent(f"sending by {channel} is switched off", is_final=True)
    if channel == "email":
        await _mail(write(recipient, subject, body, letterhead))
    else:
        await _text(recipient, body)


async def _mail(message: EmailMessage) -> None:
    try:
        await asyncio.to_thread(_deliver, message)
    except smtplib.SMTPRecipientsRefused as error:
        codes = [code for code, _ in error.recipients.values()]
        raise NotSent("the mail server refuses this address", is_final=min(codes) >= SERVER_FAULT) from error
    except smtplib.SMTPResponseException as error:
        reason = f"the mail server answers {error.smtp_code}"
        raise NotSent(reason, is_final=error.smtp_code >= SERVER_FAULT) from error
    except (smtplib.SMTPException, OSError) as error:
        raise NotSent(f"the mail server is out of reach ({type(error).__name__})") from error


def write(recipient: str, subject: str, body: str, letterhead: Letterhead | None) -> EmailMessage:
    """Return the mail as it is sent; ``NotSent`` for an address that would break out of its header."""
    message = EmailMessage()
    try:
        message["From"], message["To"] = runtime().mail_from, recipient
        message["Subject"] = " ".join(subject.split())
    except ValueError as error:
        raise NotSent("this is not an e-mail address", is_final=True) from error
    domain = parseaddr(runtime().mail_from)[1].rpartition("@")[2] or "localhost"
    message["Date"], message["Message-ID"] = formatdate(), make_msgid(domain=domain)
    message["Auto-Submitted"] = "auto-generated"
    if stop := _stop_link(body):
        message["List-Unsubscribe"], message["List-Unsubscribe-Post"] = (
            f"<{stop}>",
            "List-Unsubscribe=One-Click",
        )
    message.set_content(body)
    if letterhead and letterhead.logo:
        _draw(message, body, letterhead)
    return message


def _stop_link(body: str) -> str:
    """Return the link by which whoever gets this letter wants no more of its kind (RFC 8058), if it holds one."""
    starts = tuple(runtime().public_url.rstrip("/") + path for path in _stops)
    return next((link for link in _LINK.findall(body) if starts and link.startswith(starts)), "")


def _draw(message: EmailMessage, body: str, letterhead: Letterhead) -> None:
    """Add the same words under the logo, which travels inside the letter: nothing is fetched when it is read."""
    picture = make_msgid("logo", "inline.invalid")
    lines = _LINK.sub(r'<a href="\1">\1</a>', escape(body)).replace("\n", "<br>\n")
    head = f'<p><img src="cid:{picture[1:-1]}" alt="{escape(letterhead.name)}" height="40"></p>'
    message.add_alternative(f"<!doctype html>\n<body>{head}<p>{lines}</p></body>\n", subtype="html")
    html = message.get_body(("html",))
    assert isinstance(html, EmailMessage)  # noqa: S101 - it has just been added
    html.add_related(letterhead.logo, "image", "png", cid=picture)


def _deliver(message: EmailMessage) -> None:
    parts = urlsplit(runtime().smtp_url)
    with _connect(parts) as server:
        if parts.username:
            server.login(unquote(parts.username), unquote(parts.password or ""))
        server.send_message(message)


def _connect(parts: SplitResult) -> smtplib.SMTP:
    """``smtps`` speaks TLS from the start; ``?starttls=1``, or a password, insists on it before anything else."""
    host, tls = parts.hostname or "localhost", ssl.create_default_context()
    if parts.scheme == "smtps":
        return smtplib.SMTP_SSL(host, parts.port or 465, timeout=SECONDS, context=tls)
    is_secured = "starttls" in parse_qs(parts.query) or parts.username is not None
    server = smtplib.SMTP(host, parts.port or (587 if is_secured else 25), timeout=SECONDS)
    if is_secured:
        server.starttls(context=tls)
    return server


async def _text(recipient: str, body: str) -> None:
    try:
        answer = await call(
            "POST",
            f"{runtime().sms_url}/messages",
            headers={"Authorization": f"Bearer {runtime().sms_key}"},
            body={"to": recipient, "text": body},
        )
    except RefusedError as error:
        raise NotSent(f"the text message gateway cannot be used: {error}", is_final=True) from error
    except OutboundError as error:
        raise NotSent(f"the text message gateway is out of reach: {error}") from error
    if not answer.is_success:
        is_final = 400 <= answer.status < SERVER_FAULT and answer.status not in {408, 429}  # noqa: PLR2004
        raise NotSent(f"the text message gateway answers {answer.status}", is_final=is_final)
