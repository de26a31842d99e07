"""The outside world of the demonstration, told who is who by the sandbox's control API."""

from collections.abc import Sequence
from datetime import timedelta
from types import TracebackType
from typing import Any, Self

import httpx

from deploy.errors import OperatorError
from deploy.seed import app_offers
from deploy.seed.cast import BANK, CLIENT_ID, customers
from deploy.settings import Settings
from integrations.sign_in.provider import save_provider
from tenants.models import Bank

PATIENCE = timedelta(minutes=1)


class Outside:
    """The control API. Everything registered is registered by id, so that doing it again changes nothing."""

    def __init__(self, settings: Settings) -> None:
        """Raises ``OperatorError`` where there is no sandbox to talk to."""
        if not settings.sandbox_url or settings.environment == "production":
            raise OperatorError("The demonstration needs the sandbox, and production has none.")
        self._settings = settings
        self._client = httpx.AsyncClient(
            base_url=f"{settings.sandbox_url}/control", timeout=PATIENCE.total_seconds(), trust_env=False
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._client.aclose()

    async def tell(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """POST to the control API and return its answer.

        Raises:
            OperatorError: it does not run, or refuses.
        """
        try:
            answer = await self._client.post(f"/{path}", json=body)
        except httpx.HTTPError as error:
            raise OperatorError(
                f"The sandbox at {self._settings.sandbox_url} does not answer ({type(error).__name__}):"
                " start it with `cloud sandbox`, or run `cloud up`."
            ) from None
        if not answer.is_success:
            raise OperatorError(f"The sandbox refuses {path}: {answer.text[:300]}")
        told: dict[str, Any] = answer.json()
        return told

    async def introduce(self) -> None:
        """Make the bank's provider know us and everybody who plays."""
        public = self._settings.public_url.rstrip("/")
        client = {
            "client_id": CLIENT_ID,
            "client_secret": self.client_secret,
            "name": "Scenario Cloud",
            "redirect_uris": [f"{public}/sign-in/callback"],
            "post_logout_redirect_uris": [f"{public}/"],
            "backchannel_logout_uri": f"{public}/webhooks/bank-logout/{BANK}",
            "frontchannel_logout_uri": f"{public}/sign-in/ended/{BANK}",
        }
        await self.tell("banks", {"slug": BANK, "name": "Harbour Bank", "name_zh": "海港银行"})
        await self.tell("clients", {"bank": BANK, "clients": [client]})
        await self.tell("customers", {"bank": BANK, "customers": [*customers(), *app_offers.customers()]})

    @property
    def settings(self) -> Settings:
        """The settings of this demonstration."""
        return self._settings

    @property
    def client_secret(self) -> str:
        """What we and the bank's provider share."""
        return self._settings.secret("bank provider client")

    @property
    def issuer(self) -> str:
        """The bank's name as an identity provider."""
        return f"{self._settings.sandbox_url}/oidc/{BANK}"

    async def provide(self, bank: Bank) -> None:
        """Have the bank's people sign in at the sandbox."""
        await save_provider(bank.id, self.issuer, CLIENT_ID, self.client_secret)

    async def listen(self) -> None:
        """Have Stripe report to us from now on; what it did before was our own doing."""
        url = f"{self._settings.public_url.rstrip('/')}/webhooks/stripe"
        secret = self._settings.stripe_webhook_secret.get_secret_value()
        await self.tell("stripe/endpoints", {"url": url, "secret": secret, "connect": None})

    async def past_orders(self, merchant: str, orders: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
        """Have QR orders been made and paid before; answers in the same order."""
        told = await self.tell("history/rail", {"merchant": merchant, "orders": list(orders)})
        made: list[dict[str, Any]] = told["orders"]
        return made

    async def past_sessions(self, account: str, sessions: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
        """Have Checkout Sessions been made and paid before; answers in the same order."""
        told = await self.tell("history/stripe", {"account": account, "sessions": list(sessions)})
        made: list[dict[str, Any]] = told["sessions"]
        return made
