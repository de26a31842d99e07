"""How long things are kept, as data: each rule removes what its time is over for, every night, and says how much."""

from dataclasses import dataclass

from tenants.ids import new_id
from tenants.models import RetentionRun
from tenants.scope import execute, tenant_id
from ui.i18n import N_


@dataclass(frozen=True, slots=True)
class Rule:
    """One kind of row with the days it is kept and why; ``where`` says which of them are over.

    Where ``column`` is named, that alone is taken off the row, which stays.
    """

    key: str
    name: str
    table: str
    days: int
    where: str
    reason: str
    column: str = ""


_MADE, _DONE = "created_at < now() - $2::interval", "done_at < now() - $2::interval"
_UNUSED = "expires_at < now() - $2::interval and accepted_at is null"
RULES = (
    Rule(
        *("work", N_("Background work that is done"), "tenants_outbox", 90, _DONE),
        N_("To explain what happened lately."),
    ),
    Rule(
        *("imports", N_("Rows of imported files"), "tenants_import_row", 180, _MADE),
        N_("To mend what was imported wrongly."),
    ),
    Rule(
        *("keys", N_("Keys that make a press count once"), "tenants_idempotency", 30, _MADE),
        N_("Nobody presses again after a month."),
    ),
    Rule(
        *("letters", N_("Messages to people"), "tenants_notice", 1095, _MADE),
        N_("As long as a claim may be made about them."),
    ),
    Rule(
        *("invitations", N_("Invitations nobody took up"), "tenants_invitation", 180, _UNUSED),
        N_("They open nothing any more."),
    ),
    Rule(
        *("devices", N_("Marks of the device that a payment came from"), "billing_payment", 90),
        "device_mark is not null and created_at < now() - $2::interval",
        N_("To see misuse while money can still be held."),
        column="device_mark",
    ),
)
BATCH = 10_000


async def keep_to_rules() -> dict[str, int]:
    """Remove what is over in the open tenant scope, rule by rule, and log it; return how much by rule."""
    removed = {}
    for rule in RULES:
        act = f"update {rule.table} set {rule.column} = null" if rule.column else f"delete from {rule.table}"
        sql = (
            f"{act} where tenant_id = $1 and id in (select id from {rule.table}"
            f" where tenant_id = $1 and {rule.where} limit {BATCH})"
        )
        removed[rule.key] = await execute(
            sql.replace("$2::interval", f"interval '{rule.days} days'"), tenant_id()
        )
        if removed[rule.key]:
            await RetentionRun.create(
                id=new_id(), tenant_id=tenant_id(), key=rule.key, removed=removed[rule.key]
            )
    return removed
