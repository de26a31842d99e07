"""What payers and the institution agree on in the demonstration: a few of each, by the product's own services.

Each can be told again after an interruption: what was done is found by its key or its row.
"""

from datetime import timedelta
from uuid import UUID

from billing.answers import service as answers
from billing.credit.prepaying import take_prepayment
from billing.mandates import debiting, life, proxies
from billing.mandates.life import Wish
from billing.models import Answer, FeeItem, InstalmentPlan, Mandate, Proxy, SettlementAccount
from billing.plans import single
from billing.plans.service import Proposal, agree
from billing.plans.single import Charge
from billing.transfers.opening import virtual_account
from billing.transfers.receiving import receive
from deploy.seed.stories import Stage
from tenants.actor import Actor, system_actor
from tenants.days import today
from tenants.models import Account, Holder, Person, Tenant
from tenants.runtime import runtime
from tenants.scope import open_scope, person_scope, tenant_scope

_AHEAD, _PROMISED, _DISPUTED, _SENT, _UNKNOWN = (30, 31), 32, (33, 34), 35, 36
_PREPAID = 20_000
_CEILING = 30_000
_ABOVE = 45_000


async def tell(stage: Stage) -> None:
    """Tell all of it for one town."""
    await _paid_ahead(stage)
    await _answered(stage)
    await _transferred(stage)
    await _by_itself(stage)


async def _paid_ahead(stage: Stage) -> None:
    """Two who pay at the desk for the months to come; what they owe is paid from it when the worker starts."""
    for place in _AHEAD:
        account_id = stage.debtors[place]
        async with open_scope(stage.cashier.scope()):
            await take_prepayment(
                stage.cashier,
                account_id=account_id,
                amount_minor=_PREPAID,
                method="cash",
                key=f"demonstration-{account_id}-ahead",
            )


async def _payer_of(stage: Stage, account_id: UUID) -> Actor:
    """Return the first holder of an account as a payer, by name alone where they have not signed up."""
    async with open_scope(stage.finance.scope()):
        holder = (
            await Holder.filter(tenant_id=stage.tenant.id, account_id=account_id)
            .order_by("created_at")
            .first()
        )
    name, person_id = (holder.name, holder.person_id) if holder else ("", None)
    return Actor(kind="payer", name=name, person_id=person_id, tenant_id=stage.tenant.id)


async def _answered(stage: Stage) -> None:
    """A promise, a dispute that waits for staff, one that waits for the payer; and an item that may be declined."""
    async with open_scope(stage.finance.scope()):
        await FeeItem.filter(tenant_id=stage.tenant.id, key="access_card").update(is_voluntary=True)
        if await Answer.exists(tenant_id=stage.tenant.id):
            return
    day = today(stage.tenant.timezone) + timedelta(days=9)
    bill = await stage.bill(_PROMISED)
    payer = await _payer_of(stage, bill.account_id)
    async with open_scope(stage.finance.scope()):
        await answers.promise(payer, tenant_id=stage.tenant.id, bill_id=bill.id, day=day)
    for place, text in zip(_DISPUTED, ("We were away all month.", "This flat has no car park."), strict=True):
        bill = await stage.bill(place)
        payer = await _payer_of(stage, bill.account_id)
        own = (payer, stage.tenant.id, bill.id)
        async with open_scope(stage.finance.scope()):
            case = await _dispute(own, text)
            if place == _DISPUTED[-1]:
                words = "Please send us the contract of the car park."
                await answers.say(stage.finance, tenant_id=stage.tenant.id, answer_id=case, text=words)


async def _dispute(of: tuple[Actor, UUID, UUID], text: str) -> UUID:
    payer, tenant_id, bill_id = of
    return await answers.dispute(
        payer, tenant_id=tenant_id, bill_id=bill_id, topic="amount", text=text, files=[]
    )


async def _transferred(stage: Stage) -> None:
    """One transfer to an account's own number, one with a reference that names nobody."""
    actor = system_actor(stage.tenant.id)
    for place, reference in ((_SENT, ""), (_UNKNOWN, "for the flat, thank you")):
        account_id = stage.debtors[place]
        number = await virtual_account(actor, tenant_id=stage.tenant.id, account_id=account_id)
        async with open_scope(stage.finance.scope()):
            settlement = (
                await SettlementAccount.filter(tenant_id=stage.tenant.id).order_by("created_at").first()
            )
            account = await Account.get(tenant_id=stage.tenant.id, id=account_id)
        sent = {"to": number, "amount_minor": 12_000, "reference": reference, "payer_name": account.name[:60]}
        data = await stage.outside.tell("rail/transfers", sent)
        if reference:
            data = data | {"account_number": ""}
        async with open_scope(stage.finance.scope()):
            if settlement is not None:
                await receive(actor, settlement, data)


async def _by_itself(stage: Stage) -> None:
    """A resident who pays automatically, its next debit announced, and whose neighbour may pay for them."""
    async with open_scope(stage.finance.scope()):
        if await Mandate.exists(tenant_id=stage.tenant.id) or await Proxy.exists(tenant_id=stage.tenant.id):
            return
        holder = (
            await Holder.filter(
                tenant_id=stage.tenant.id, person_id__not_isnull=True, confirmed_at__not_isnull=True
            )
            .order_by("-created_at", "id")
            .first()
        )
    if holder is None or holder.person_id is None:
        return
    async with open_scope(person_scope(holder.person_id)):
        person = await Person.get(id=holder.person_id)
    payer = Actor(kind="payer", name=person.name, email=person.email, person_id=person.id)
    await _mandate(stage, payer, holder.account_id)
    await _by_card(stage, holder.account_id)
    until = today(stage.tenant.timezone) + timedelta(days=180)
    await proxies.grant(
        payer,
        tenant_id=stage.tenant.id,
        account_id=holder.account_id,
        name="Neighbour",
        bill_cap_minor=_CEILING,
        month_cap_minor=_CEILING,
        until=until,
    )


async def _mandate(stage: Stage, payer: Actor, account_id: UUID) -> None:
    back = f"{runtime().public_url}/my/accounts/{account_id}/autopay"
    wish = Wish("bank", _CEILING, "bill")
    mandate = await life.set_up(
        payer, tenant_id=stage.tenant.id, account_id=account_id, wish=wish, return_url=back
    )
    await stage.outside.tell(f"rail/mandates/{mandate.reference}", {"act": "authorise"})
    await life.present(payer.within(stage.tenant.id), mandate.id)
    await debiting.plan(system_actor(stage.tenant.id))


async def in_instalments(tenant: Tenant, finance: Actor) -> None:
    """Spread what a resident with autopay owes beyond their ceiling, so that each instalment is taken by itself."""
    async with open_scope(tenant_scope(tenant.id)):
        mandate = await Mandate.filter(tenant_id=tenant.id, channel="bank").order_by("created_at").first()
        if mandate is None or await InstalmentPlan.exists(tenant_id=tenant.id, account_id=mandate.account_id):
            return
        now = today(tenant.timezone)
        owed = await single.issue_for(
            finance,
            account_id=mandate.account_id,
            charges=[Charge(_ABOVE, names={"en": "New front door", "zh_CN": "更换入户门"})],
            due_on=now + timedelta(days=14),
            key="demonstration-front-door",
        )
        await agree(finance, Proposal([owed.id], now + timedelta(days=2), 3, "month", "last"))
    await debiting.plan(system_actor(tenant.id))


async def _by_card(stage: Stage, other_than: UUID) -> None:
    """Another resident, who has saved a card at Stripe that is going to expire; its debit is announced."""
    async with open_scope(stage.finance.scope()):
        holder = (
            await Holder.filter(
                tenant_id=stage.tenant.id, person_id__not_isnull=True, confirmed_at__not_isnull=True
            )
            .exclude(account_id=other_than)
            .order_by("-created_at", "id")
            .first()
        )
    if holder is None or holder.person_id is None:
        return
    async with open_scope(person_scope(holder.person_id)):
        person = await Person.get(id=holder.person_id)
    payer = Actor(kind="payer", name=person.name, email=person.email, person_id=person.id)
    back = f"{runtime().public_url}/my/accounts/{holder.account_id}/autopay"
    mandate = await life.set_up(
        payer,
        tenant_id=stage.tenant.id,
        account_id=holder.account_id,
        wish=Wish("card", _CEILING, "bill"),
        return_url=back,
    )
    page = mandate.authorise_url.rsplit("/", 1)[-1]
    await stage.outside.tell(f"stripe/sessions/{page}", {"act": "save", "card": "ending"})
    await life.present(payer.within(stage.tenant.id), mandate.id)
    await debiting.plan(system_actor(stage.tenant.id))
