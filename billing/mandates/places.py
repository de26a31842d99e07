"""Where a mandate lives: at the bank's rail, or as a saved card at Stripe. One question, two ways to ask it."""

from typing import Any
from uuid import UUID

from billing.channels import rail_agreements as rail
from billing.channels import stripe_cards as cards
from billing.channels.agreements import MandateNews
from billing.channels.bank import notify_url
from billing.channels.contract import Destination
from billing.channels.stripe_cards import Saving
from billing.mandates.cards import customer_of
from billing.models import Mandate, SettlementAccount
from billing.payments.orders import as_destination
from tenants.models import Account
from tenants.scope import open_scope, tenant_scope
from ui.i18n import current_locale, t

CARD, BANK = "stripe", "bank"


async def news_of(mandate: Mandate) -> MandateNews:
    """Ask the channel what became of a mandate, and tell it of one it has never heard of; outside of any scope.

    Raises:
        ChannelSilent: no answer; asking again is safe.
        ChannelRefused: the channel does not take it.
    """
    to, account = await _place(mandate)
    if mandate.channel == CARD:
        return await _card_news(mandate, to)
    news = await rail.query_mandate(to, mandate.id)
    return await rail.open_mandate(to, _body(mandate, account)) if news.state == "absent" else news


async def ask_anew(mandate: Mandate) -> MandateNews:
    """Have the payer asked for another card than the one that the mandate has; outside of any scope.

    A page that still waits for them is used again.

    Raises:
        ChannelSilent, ChannelRefused: as ``news_of``.
    """
    to, _ = await _place(mandate)
    known = await cards.query_saving(to, mandate.reference, mandate.id)
    return known if known.state == "authorising" else await _open(mandate, to, mandate.reference, known.page)


async def _place(mandate: Mandate) -> tuple[Destination, str]:
    async with open_scope(tenant_scope(mandate.tenant_id)):
        settlement = await SettlementAccount.get(
            tenant_id=mandate.tenant_id, id=mandate.settlement_account_id
        )
        account = await Account.get(tenant_id=mandate.tenant_id, id=mandate.account_id)
    return as_destination(settlement), account.number


async def _card_news(mandate: Mandate, to: Destination) -> MandateNews:
    customer = mandate.reference or await customer_of(mandate, to)
    news = await cards.query_saving(to, customer, mandate.id)
    return await _open(mandate, to, customer, "") if news.state == "absent" else news


async def _open(mandate: Mandate, to: Destination, customer: str, after: str) -> MandateNews:
    saving = Saving(
        tenant_id=mandate.tenant_id,
        mandate_id=mandate.id,
        customer=customer,
        return_url=mandate.return_url,
        locale=current_locale(),
        after=after,
    )
    return await cards.open_saving(to, saving)


def _body(mandate: Mandate, account: str) -> dict[str, Any]:
    return {
        "merchant_mandate_no": str(mandate.id),
        "ceiling_minor": mandate.ceiling_minor,
        "currency": mandate.currency,
        "description": str(t("Bills of {account}", account=account)),
        "notify_url": notify_url(mandate.tenant_id, mandate.settlement_account_id),
        "return_url": mandate.return_url,
    }


async def let_go(mandate: Mandate) -> None:
    """Tell the bank that a mandate is over; outside of any scope. Cards are let go by ``cards.detach``.

    Raises:
        ChannelSilent: no answer; telling again is safe.
    """
    if mandate.channel == BANK and mandate.reference:
        to, _ = await _place(mandate)
        await rail.revoke_mandate(to, mandate.reference)


async def take_away(tenant_id: UUID, settlement_id: UUID, method: str) -> None:
    """Have Stripe forget a card; outside of any scope, and no error the second time.

    Raises:
        ChannelSilent: no answer; doing it again is safe.
    """
    async with open_scope(tenant_scope(tenant_id)):
        settlement = await SettlementAccount.get(tenant_id=tenant_id, id=settlement_id)
    await cards.detach(as_destination(settlement), method)
