"""Talking to the channels about disputes: ask, hand in evidence, give in.

Each call may raise ``ChannelSilent`` (nobody knows what happened: ask, and do it again where it has not) or
``ChannelRefused`` (the channel said no, and why). Stripe replays even its own failures under a key that is used
again, so that what makes an answer happen once is asking first.
"""

import base64
import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol, cast

from billing.channels import bank
from billing.channels.contract import Destination
from billing.channels.stripe_client import answers, client
from billing.disputes.news import News, rail_news, stripe_news
from ui.i18n import N_

TEXT_MAX = 20_000
"""Characters of evidence that Stripe takes in one text field."""
PURPOSES = {
    "receipt": N_("Receipt"),
    "service_documentation": N_("Proof of the service: contract, record, photo"),
    "customer_communication": N_("Messages between you and the payer"),
    "uncategorized_file": N_("Anything else"),
}
"""What a file shows, by Stripe's names for evidence; each once at Stripe. English msgids."""


@dataclass(frozen=True, slots=True)
class EvidenceFile:
    """A file to be handed in; ``channel_file`` is the channel's id where it has been uploaded before."""

    purpose: str
    filename: str
    content_type: str
    content: bytes
    channel_file: str = ""


@dataclass(frozen=True, slots=True)
class Evidence:
    """An answer; ``facts`` are what the channel has fields of its own for."""

    text: str
    facts: dict[str, str]
    files: Sequence[EvidenceFile]


class DisputeChannel(Protocol):
    """A channel on which payers' banks take money back."""

    async def query(self, to: Destination, reference: str) -> News:
        """Return what the channel says now."""

    async def upload(self, to: Destination, file: EvidenceFile) -> str:
        """Hand in one file ahead of the answer and return the channel's id; empty where it goes with the answer."""

    async def submit(self, to: Destination, reference: str, evidence: Evidence) -> News:
        """Hand in the answer and return what is true afterwards."""

    async def accept(self, to: Destination, reference: str) -> News:
        """Give in and return what is true afterwards."""


class StripeDisputes:
    """Disputes of direct charges: they are the institution's, on its own connected account."""

    async def query(self, to: Destination, reference: str) -> News:
        """Read the dispute."""
        async with answers():
            found = await client().v1.disputes.retrieve_async(reference, {}, _on(to))
        return stripe_news("", found.to_dict())

    async def upload(self, to: Destination, file: EvidenceFile) -> str:
        """Upload the file."""
        content = io.BytesIO(file.content)
        content.name = file.filename
        params = {"purpose": "dispute_evidence", "file": content}
        async with answers():
            made = await client().v1.files.create_async(cast("Any", params), _on(to))
        return made.id

    async def submit(self, to: Destination, reference: str, evidence: Evidence) -> News:
        """Fill in the evidence and submit it."""
        fields = {"uncategorized_text": evidence.text, **evidence.facts}
        fields |= {file.purpose: file.channel_file for file in evidence.files}
        params = {"evidence": fields, "submit": True}
        async with answers():
            made = await client().v1.disputes.update_async(reference, cast("Any", params), _on(to))
        return stripe_news("", made.to_dict())

    async def accept(self, to: Destination, reference: str) -> News:
        """Close the dispute as lost."""
        async with answers():
            made = await client().v1.disputes.close_async(reference, {}, _on(to))
        return stripe_news("", made.to_dict())


def _on(to: Destination) -> Any:
    return {"stripe_account": to.stripe_account, "max_network_retries": 0}


class RailDisputes:
    """Chargebacks of the bank's QR rail."""

    async def query(self, to: Destination, reference: str) -> News:
        """Ask after the chargeback."""
        return rail_news(await bank.call(to, "GET", f"/chargebacks/{reference}"))

    async def upload(self, to: Destination, file: EvidenceFile) -> str:
        """Files go with the answer."""
        del to, file
        return ""

    async def submit(self, to: Destination, reference: str, evidence: Evidence) -> News:
        """Send text and files in one signed message; sent again, it replaces itself."""
        facts = "\n".join(f"{name}: {text}" for name, text in evidence.facts.items())
        body = {
            "text": f"{evidence.text}\n\n{facts}".strip()[:TEXT_MAX],
            "files": [_packed(file) for file in evidence.files],
        }
        return rail_news(await bank.call(to, "POST", f"/chargebacks/{reference}/evidence", body))

    async def accept(self, to: Destination, reference: str) -> News:
        """Give in; doing it twice is the same as once there."""
        return rail_news(await bank.call(to, "POST", f"/chargebacks/{reference}/acceptance", {}))


def _packed(file: EvidenceFile) -> dict[str, str]:
    content = base64.b64encode(file.content).decode()
    return {"name": file.filename, "content_type": file.content_type, "content": content}


DISPUTES: dict[str, DisputeChannel] = {"stripe": StripeDisputes(), "bank": RailDisputes()}
"""Channels with disputes. WeChat Pay has none, and money taken at the desk is in hand."""
