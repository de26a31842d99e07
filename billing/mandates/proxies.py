"""Proxies: a holder lets somebody pay for an account, so much for a bill and in a month, until a day.

What they see is decided by PostgreSQL (policy ``by_proxy`` on bills), what they may pay by ``caps.py``.
"""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

from billing.credit.prepaying import must_hold
from billing.models import Proxy
from tenants import audit
from tenants.actor import Actor
from tenants.codes import group_code, hash_token, is_code, new_code, normalise_code
from tenants.days import today, today_at
from tenants.ids import new_id
from tenants.models import Account, Tenant
from tenants.scope import open_scope, secret_scope, tenant_scope
from tenants.throttle import spend
from ui.errors import Conflict, Forbidden, Invalid
from ui.i18n import t

CODE_LENGTH = 12
LONGEST = timedelta(days=366)
TRIES = ("5/10 minutes", "20/day")


async def grant(
    actor: Actor,
    *,
    tenant_id: UUID,
    account_id: UUID,
    name: str,
    bill_cap_minor: int,
    month_cap_minor: int,
    until: date,
) -> tuple[Proxy, str]:
    """Let somebody pay for an account that the actor holds; return the row, and the code to give them, shown once.

    Call it outside of any scope.

    Raises:
        NotFound: the account is not the actor's.
        Invalid: no name, caps that make no sense, or a day that is past or too far.
    """
    await must_hold(actor, tenant_id, account_id)
    inside, code = actor.within(tenant_id), new_code(CODE_LENGTH)
    async with open_scope(tenant_scope(tenant_id)):
        tenant = await Tenant.get(id=tenant_id)
        _check(name, bill_cap_minor, month_cap_minor, until, today(tenant.timezone))
        made = await Proxy.create(
            id=new_id(),
            tenant_id=tenant_id,
            account_id=account_id,
            granted_by=actor.person_id,
            granted_by_name=actor.name[:100],
            name=name.strip()[:100],
            code_hash=hash_token(normalise_code(code)),
            currency=tenant.currency,
            bill_cap_minor=bill_cap_minor,
            month_cap_minor=month_cap_minor,
            until=until,
        )
        await _record(inside, made, "proxy.granted")
    return made, group_code(code)


def _check(name: str, bill_cap: int, month_cap: int, until: date, now: date) -> None:
    wrong: dict[str, Any] = {}
    if not name.strip():
        wrong["name"] = t("Say who it is.")
    if type(bill_cap) is not int or bill_cap <= 0:
        wrong["bill_cap"] = t("Enter an amount above zero.")
    if type(month_cap) is not int or month_cap < max(bill_cap, 1):
        wrong["month_cap"] = t("In a month it must be at least as much as for one bill.")
    if not now <= until <= now + LONGEST:
        wrong["until"] = t("Choose a day from today to a year from now.")
    if wrong:
        raise Invalid("proxy.wrong", next(iter(wrong.values())), fields=wrong)


async def accept(actor: Actor, code: str) -> Proxy:
    """Become the one who may pay, with the code that the holder gave; outside of any scope.

    Raises:
        Invalid: the code is mistyped, or nobody's.
        Conflict: it was used, has ended, or is the holder's own.
    """
    if actor.person_id is None:
        raise Forbidden("permission.missing", t("You do not have the right to do this."))
    if not is_code(code, CODE_LENGTH):
        text = t("This is not a complete code. It has 12 letters and figures.")
        raise Invalid("code.mistyped", text, fields={"code": text})
    await spend("proxy-code", str(actor.person_id), TRIES)
    hashed = hash_token(normalise_code(code))
    async with open_scope(secret_scope(hashed)):
        found = await Proxy.get_or_none(code_hash=hashed)
    if found is None:
        text = t("This code is not known. Ask whoever gave it to you.")
        raise Invalid("code.unknown", text, fields={"code": text})
    async with open_scope(tenant_scope(found.tenant_id)):
        return await _accept(actor.within(found.tenant_id), found.id)


async def _accept(actor: Actor, proxy_id: UUID) -> Proxy:
    proxy = await Proxy.filter(tenant_id=actor.tenant_id, id=proxy_id).select_for_update().get()
    now = await today_at(proxy.tenant_id)
    if proxy.ended_at is not None or proxy.until < now:
        raise Conflict("proxy.ended", t("This leave to pay has ended. Ask for a new code."))
    if proxy.person_id not in {None, actor.person_id} or proxy.granted_by == actor.person_id:
        raise Conflict("proxy.taken", t("This code has been used, or it is your own. Ask for a new one."))
    if proxy.person_id is None:
        if await Proxy.exists(
            tenant_id=proxy.tenant_id, account_id=proxy.account_id, person_id=actor.person_id, ended_at=None
        ):
            raise Conflict("proxy.twice", t("You may pay for this account already."))
        proxy.person_id, proxy.accepted_at = actor.person_id, datetime.now(UTC)
        await proxy.save(update_fields=["person_id", "accepted_at"])
        await _record(actor, proxy, "proxy.accepted")
    return proxy


async def end(actor: Actor, *, tenant_id: UUID, proxy_id: UUID) -> None:
    """Stop somebody from paying at once, in the open tenant scope; twice is once.

    The caller has proved that the actor holds the account, or is the one who may pay.
    """
    proxy = await Proxy.filter(tenant_id=tenant_id, id=proxy_id).select_for_update().get()
    if proxy.ended_at is None:
        proxy.ended_at, proxy.ended_by_name, proxy.code_hash = datetime.now(UTC), actor.name[:100], None
        await proxy.save(update_fields=["ended_at", "ended_by_name", "code_hash"])
        await _record(actor.within(tenant_id), proxy, "proxy.ended")


async def _record(actor: Actor, proxy: Proxy, act: str) -> None:
    account = await Account.get(tenant_id=proxy.tenant_id, id=proxy.account_id)
    await audit.record(
        actor,
        act,
        subject_kind="proxy",
        subject_id=proxy.id,
        subject_label=f"{proxy.name}, {account.number}",
        after={
            "bill_cap_minor": proxy.bill_cap_minor,
            "month_cap_minor": proxy.month_cap_minor,
            "currency": proxy.currency,
            "until": proxy.until.isoformat(),
        },
    )
