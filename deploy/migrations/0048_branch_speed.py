"""A branch's latest institutions are read off an index, however many its bank has brought in."""

from tortoise import migrations
from tortoise.migrations import operations as ops

INDEX = """
create index tenants_tenant_branch_newest_idx on tenants_tenant (bank_id, branch_id, live_at desc nulls last, id);
"""


class Migration(migrations.Migration):
    dependencies = [("cloud", "0047_sandbox_counts")]

    operations = [ops.RunSQL(INDEX)]
