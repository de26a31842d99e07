"""Whether an estate publishes its accounts."""

from tortoise import fields

from tenants.models.base import TenantRow


class PublicAccounts(TenantRow):
    """That an estate shows its accounts to everybody, under a word of its own; ``word_hash`` is how it is found."""

    word = fields.CharField(max_length=60)
    word_hash: bytes = fields.BinaryField()
    is_on = fields.BooleanField(db_default=False)
    text = fields.TextField(db_default="")
    by_name = fields.CharField(max_length=100, db_default="")

    class Meta:
        table = "community_public_accounts"
