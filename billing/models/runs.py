"""How an institution wants its runs looked at, and the numbers that its bills get."""

from tortoise import fields

from tenants.models.base import TenantRow


class RunSetting(TenantRow):
    """One row per tenant. ``jump_percent``: a change by more than that is an exception.

    ``approval_limit_minor``: a run above it is approved by another person than its drafter; none means no limit.
    """

    jump_percent = fields.SmallIntField(db_default=50)
    approval_limit_minor: int | None = fields.BigIntField(null=True)

    class Meta:
        table = "billing_run_setting"


class NumberSeries(TenantRow):
    """The last number given in a series (``202607``: the bills of that month)."""

    series = fields.CharField(max_length=20)
    last_number = fields.IntField(db_default=0)

    class Meta:
        table = "billing_number_series"
