"""What the sandbox is started with."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Settings:
    """Where the sandbox listens and keeps its state.

    `public_url` is how browsers and the product reach it: it is the prefix of the issuers and hosted pages.
    `data` is a folder for the state, or None to keep everything in memory.
    `smtp_port` None starts no mail listener. `async_delay` is how many seconds a delayed payment takes.
    """

    public_url: str
    data: Path | None = None
    smtp_host: str = "127.0.0.1"
    smtp_port: int | None = None
    sms_key: str = "sandbox-sms-key"
    async_delay: float = 3.0
    checkout_min_minor: int = 50
