"""Votes and shared costs in two languages, numbers of units gone by in words, and work reported without network."""

from tortoise import fields, migrations
from tortoise.migrations import operations as ops

from deploy.columns import Rewritten, document, tenant_row
from deploy.walls import Wall, build

_READ = ("community_vote", "community_pool", "tenants_account", "tenants_tenant")
_LANGUAGE = "case when x.locale like 'zh%' then 'zh_CN' else 'en' end"
_PAST = {
    " ~([0-9]{4})([0-9]{2})([0-9]{2})$": ("(until \\1-\\2-\\3)", "（至 \\1-\\2-\\3）"),
    " R([0-9]{2})([0-9]{2})([0-9]{2})$": ("(rented from 20\\1-\\2-\\3)", "（20\\1-\\2-\\3 起租）"),
}
"""Marks of numbers as they were, and the words of today."""
_ROOM = 40
"""Longest number that the words still fit behind."""
_WRITTEN = """
alter table {table} add column {new} jsonb;
update {table} w set {new} = case when w.{old} = '' then '{{}}' else jsonb_build_object({language}, w.{old}) end
  from tenants_tenant x where x.id = w.tenant_id;
update {table} set {new} = '{{}}' where {new} is null;
alter table {table} alter column {new} set not null, drop column {old};
"""


def _unwalled(sql: str) -> str:
    """Return SQL that the owner runs over the rows of all tenants."""
    return (
        "".join(f"alter table {table} no force row level security;" for table in _READ)
        + sql
        + "".join(f"alter table {table} force row level security;" for table in _READ)
    )


def _by_language(model: str, table: str, old: str, new: str) -> Rewritten:
    """Turn words in one language, the institution's own, into words by language."""
    sql = _WRITTEN.format(table=table, old=old, new=new, language=_LANGUAGE)
    return Rewritten(model, old, new, document(), _unwalled(sql))


ANSWERS = f"""
update community_vote v set options = case when jsonb_typeof(v.options) = 'array' then coalesce((
    select jsonb_agg(jsonb_build_object({_LANGUAGE}, o.word) order by o.place)
      from jsonb_array_elements_text(v.options) with ordinality o (word, place)), '[]') else '[]' end
  from tenants_tenant x where x.id = v.tenant_id;
"""
NUMBERS = "".join(
    f"""
update tenants_account a
   set number = regexp_replace(a.number, '{old}', ' ' || case when x.locale like 'zh%' then '{zh}' else '{en}' end)
  from tenants_tenant x
 where x.id = a.tenant_id and a.scenario = 'community' and a.number ~ '{old}' and length(a.number) <= {_ROOM};
"""
    for old, (en, zh) in _PAST.items()
)
REPORTS = [
    tenant_row(
        "WorkReport",
        "community_work_report",
        "What somebody who works on an order has said of it from where there may be no network; never changed.",
        order_id=fields.UUIDField(),
        key=fields.CharField(max_length=60),
        said_at=fields.DatetimeField(auto_now=False, auto_now_add=False),
        steps=document(),
        is_done=fields.BooleanField(db_default=False),
        by_id=fields.UUIDField(null=True),
    ),
    ops.RunSQL(
        build(
            Wall(
                "community_work_report",
                refs={"order_id": "community_work_order"},
                uniques=["key"],
                indexes=["order_id, said_at"],
                is_append_only=True,
            )
        )
    ),
]


class Migration(migrations.Migration):
    dependencies = [("cloud", "0039_speed")]

    operations = [
        _by_language("EstateVote", "community_vote", "title", "titles"),
        _by_language("EstateVote", "community_vote", "text", "texts"),
        _by_language("CostPool", "community_pool", "name", "names"),
        ops.RunSQL(_unwalled(ANSWERS + NUMBERS)),
        *REPORTS,
    ]
