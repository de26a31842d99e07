"""People whom a holder has let in: family, who rents, who looks after things. Each sees and does what was chosen.

A guest is a holder with a list in ``sees``. PostgreSQL itself keeps the rest from them (``scope_barred``): a policy
that only takes away stands on every table that a holder reads, so that no page has to remember. What is not a matter
of seeing is asked here (``must_pay``). An industry may let somebody in for a part of an account (a patient's visits or
stays); from whom a part is kept, what tells of the account as a whole is kept too (``whole``).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from tenants import audit
from tenants.accounts import codes
from tenants.actor import Actor
from tenants.ids import new_id
from tenants.models import Account, Holder, Tenant
from tenants.notices import notify
from tenants.runtime import runtime
from tenants.scope import execute, rows
from tenants.throttle import spend
from ui.errors import Conflict, Forbidden, Invalid, NotFound
from ui.i18n import N_, gettext, t

SIGHTS: Mapping[str, str] = {
    "bills": N_("See the bills, and how they came about"),
    "pay": N_("Pay them, and whatever else is paid for the home"),
    "repairs": N_("Report repairs, and follow them"),
    "visitors": N_("Expect visitors, and fetch parcels"),
}
"""What a guest may be given; all of it does not make a holder: votes and further invitations never go along."""
PROXY, VOTES = "proxy", "votes"
"""A proxy is named by an owner for voting alone, and sees nothing else of the home."""
INVITATIONS = ("10/day",)
MOST_GUESTS = 12
_HOST = """
select 1 from tenants_holder
 where tenant_id = $1 and account_id = $2 and person_id = $3 and confirmed_at is not null and sees is null
   and covers(since, until, day_of(tenant_id))
"""


@dataclass(frozen=True, slots=True)
class Guest:
    """Who is let in as what, and what they may see and do."""

    name: str
    email: str
    relation: str
    sees: Sequence[str]


async def guests_of(tenant_id: UUID, account_id: UUID) -> list[Holder]:
    """Return an account's guests, those who have not come yet among them, in the institution's scope."""
    return await Holder.filter(
        tenant_id=tenant_id, account_id=account_id, sees__isnull=False, until__isnull=True
    ).order_by("created_at", "id")


async def is_host(actor: Actor, tenant_id: UUID, account_id: UUID) -> bool:
    """Tell whether somebody holds the account themselves today."""
    return bool(await rows(_HOST, tenant_id, account_id, actor.person_id))


async def _host(actor: Actor, tenant_id: UUID, account_id: UUID) -> Account:
    found = await Account.filter(tenant_id=tenant_id, id=account_id).select_for_update().first()
    if found is None or not await is_host(actor, tenant_id, account_id):
        raise NotFound("page.not_found", t("There is no such page, or it is not yours to see."))
    return found


async def invite(actor: Actor, tenant_id: UUID, account_id: UUID, guest: Guest) -> Holder:
    """Let somebody in, in the institution's scope; they get a code by e-mail and are in once they have used it.

    Raises:
        NotFound: the actor does not hold the account themselves.
        Invalid: nothing is chosen that they may see, they are there already, or there are too many of them; only an
            owner names a proxy.
        TooMany: the actor has written to many people today.
    """
    account = await _host(actor, tenant_id, account_id)
    sees = [VOTES] if guest.relation == PROXY else chosen(guest.sees)
    if guest.relation == PROXY:
        await _must_own(actor, account)
    await _check_new(account, guest)
    await spend("guest-invitation", str(actor.person_id), INVITATIONS)
    made = await Holder.create(
        id=new_id(),
        tenant_id=tenant_id,
        account_id=account.id,
        relation=guest.relation,
        name=guest.name.strip(),
        email=guest.email.strip(),
        is_default_payer=False,
        sees=sees,
        invited_by=actor.person_id,
    )
    await _send(actor, account, made)
    await _record(actor, "guest.invited", account, made)
    return made


async def _must_own(actor: Actor, account: Account) -> None:
    owns = await Holder.filter(
        tenant_id=account.tenant_id, account_id=account.id, person_id=actor.person_id, relation="owner"
    ).exists()
    if not owns:
        text = t("Only an owner names a proxy.")
        raise Invalid("guest.proxy", text, fields={"relation": text})


def chosen(sees: Iterable[str]) -> list[str]:
    """Return what a guest is given, in its order; who pays also sees what.

    Raises:
        Invalid: nothing is chosen (field ``sees``).
    """
    wanted = set(sees)
    if "pay" in wanted:
        wanted.add("bills")
    found = [key for key in SIGHTS if key in wanted]
    if not found:
        text = t("Choose at least one thing that they may see.")
        raise Invalid("guest.sees", text, fields={"sees": text})
    return found


async def _check_new(account: Account, guest: Guest) -> None:
    there = await Holder.filter(
        tenant_id=account.tenant_id, account_id=account.id, relation=guest.relation, name=guest.name.strip()
    ).exists()
    if there:
        text = t("Somebody of this name is written down already.")
        raise Invalid("guest.twice", text, fields={"name": text})
    if len(await guests_of(account.tenant_id, account.id)) >= MOST_GUESTS:
        text = t("There are {n} people invited already. End one first.", n=MOST_GUESTS)
        raise Invalid("guest.many", text, fields={"name": text})


async def _send(actor: Actor, account: Account, made: Holder) -> None:
    await codes.ensure_codes(account.tenant_id, [account.id])
    tenant = await Tenant.get(id=account.tenant_id)
    code = codes.confirmation_code(made)
    url = f"{runtime().public_url.rstrip('/')}/my/accounts?code={code}"
    body = t(
        "Dear {name},\n\n{host} has invited you to {account} at {institution}. Sign in here and confirm with this"
        " code:\n\n{code}\n\n{url}\n\nIf you do not know what this is about, you need do nothing.",
        name=made.name, host=actor.name, account=account.name, institution=tenant.name, code=code, url=url,
    )  # fmt: skip
    await notify(
        actor,
        template="guest.invitation",
        channel="email",
        recipient=made.email,
        subject=t("{host} has invited you to {account}", host=actor.name, account=account.name),
        body=body,
        account_id=account.id,
    )


async def _guest(tenant_id: UUID, account_id: UUID, guest_id: UUID) -> Holder:
    found = await Holder.get_or_none(
        tenant_id=tenant_id, account_id=account_id, id=guest_id, sees__isnull=False, until__isnull=True
    )
    if found is None:
        raise NotFound("page.not_found", t("There is no such page, or it is not yours to see."))
    return found


async def allow(
    actor: Actor, tenant_id: UUID, account_id: UUID, guest_id: UUID, *, sees: Iterable[str]
) -> Holder:
    """Change what a guest may see and do, from now on."""
    account = await _host(actor, tenant_id, account_id)
    found = await _guest(tenant_id, account_id, guest_id)
    if found.relation == PROXY:
        raise Conflict(
            "guest.proxy", t("A proxy votes, and nothing else. Invite them anew for anything more.")
        )
    before = list(found.sees or [])
    found.sees = chosen(sees)
    await found.save(update_fields=["sees"])
    await _record(actor, "guest.changed", account, found, before={"sees": _known(before)})
    return found


async def end(actor: Actor, tenant_id: UUID, account_id: UUID, guest_id: UUID) -> None:
    """Let a guest see nothing any more, at once. What they have paid themselves stays theirs to see.

    Their code goes with them: somebody invited again gets a new one.
    """
    account = await _host(actor, tenant_id, account_id)
    found = await _guest(tenant_id, account_id, guest_id)
    await execute("delete from tenants_holder where tenant_id = $1 and id = $2", tenant_id, found.id)
    await _record(actor, "guest.ended", account, found)


async def leave(actor: Actor, tenant_id: UUID, account_id: UUID) -> None:
    """Let a guest go by themselves."""
    own = await Holder.filter(
        tenant_id=tenant_id, account_id=account_id, person_id=actor.person_id, sees__isnull=False
    )
    account = await Account.get(tenant_id=tenant_id, id=account_id)
    for one in own:
        await execute("delete from tenants_holder where tenant_id = $1 and id = $2", tenant_id, one.id)
        await _record(actor, "guest.ended", account, one)
    if not own:
        raise Conflict("guest.none", t("You were not invited here, or have left already."))


async def must_pay(account_ids: Iterable[UUID]) -> None:
    """Refuse a guest who was not given the right to pay for these accounts, in their own scope.

    Raises:
        Forbidden: for one of the accounts the scope's person may not.
    """
    barred = await rows(
        "select 1 from unnest($1::uuid[]) a (id) where a.id = any ((select scope_barred('pay'))::uuid[])",
        list(account_ids),
    )
    if barred:
        raise Forbidden("guest.pay", t("You may see these bills, but not pay them. Ask who invited you."))


def _known(sees: Iterable[str]) -> list[str]:
    return [key for key in sees if key in (*SIGHTS, VOTES)]


def sights_text(sees: Iterable[str]) -> str:
    """Return what somebody may see and do, in words."""
    words = {**SIGHTS, VOTES: N_("Vote for the owner")}
    return " · ".join(gettext(words[key]) for key in sees if key in words)


async def _record(actor: Actor, act: str, account: Account, guest: Holder, **facts: Any) -> None:
    await audit.record(
        actor.within(account.tenant_id),
        act,
        subject_kind="account",
        subject_id=account.id,
        subject_label=f"{guest.name}, {account.number}",
        after={"sees": _known(guest.sees or [])},
        **facts,
    )
