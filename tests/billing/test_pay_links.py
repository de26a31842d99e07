"""Pay-links and confirmation codes: ours alone, the same each time, nothing to guess."""

import base64

import pytest

from billing import pay_links
from tenants import codes
from tenants.ids import new_id
from tenants.models import Holder
from tenants.scope import open_scope, secret_scope, tenant_scope
from tests import make
from ui.errors import NotFound


async def test_a_link_leads_back_to_its_tenant_and_bill(committed):
    tenant, bill = new_id(), new_id()
    path = pay_links.make(tenant, bill)
    assert path == pay_links.make(tenant, bill)
    assert pay_links.make_url(tenant, bill) == f"http://cloud.test{path}"
    assert pay_links.read(path.removeprefix("/pay/")) == (tenant, bill)


async def test_no_other_token_opens_anything(committed):
    token = pay_links.token(new_id(), new_id())
    raw = base64.urlsafe_b64decode(token)
    flipped = [raw[:n] + bytes([raw[n] ^ 1]) + raw[n + 1 :] for n in range(len(raw))]
    forged = [base64.urlsafe_b64encode(one).decode() for one in flipped]
    odd = [
        "",
        "x",
        token[:-1],
        token + "A",
        token.replace(token[5], "é"),
        "=" * 64,
        token[:32] * 2,
        " " + token[1:],
    ]
    for wrong in [*forged, *odd]:
        with pytest.raises(NotFound):
            pay_links.read(wrong)


async def test_codes_stay_the_same_and_open_their_holder_only_once_printed(db, bank):
    account = await make.account(await make.tenant(bank))
    holder, other = await make.holder(account, None), await make.holder(account, None)
    code = pay_links.confirmation_code(holder)
    assert codes.is_code(code, pay_links.CODE_LENGTH)
    assert code == pay_links.confirmation_code(holder) != pay_links.confirmation_code(other)
    hashed = pay_links.code_hash(code.lower().replace("-", " "))
    async with open_scope(secret_scope(hashed)):
        assert await Holder.get_or_none(code_hash=hashed) is None
    async with open_scope(tenant_scope(account.tenant_id)):
        assert await pay_links.ensure_codes(account.tenant_id, [account.id]) == 2
        assert await pay_links.ensure_codes(account.tenant_id, [account.id]) == 0
    async with open_scope(secret_scope(hashed)):
        assert (await Holder.get(code_hash=hashed)).id == holder.id


async def test_the_confirmed_get_no_code(db, bank):
    account = await make.account(await make.tenant(bank))
    await make.holder(account, await make.person())
    async with open_scope(tenant_scope(account.tenant_id)):
        assert await pay_links.ensure_codes(account.tenant_id, [account.id]) == 0
