"""What a scenic site's crowds go through in one round trip: the doors of its shop and of its gates."""

from tortoise import migrations
from tortoise.migrations import operations as ops

DOORS = """
create function enter_shop(hash bytea) returns table (site tourism_site, tenant tenants_tenant, accent text)
language plpgsql as $$
declare
  found_in uuid;
begin
  perform scope_set('secret', encode(hash, 'hex'));
  select s.tenant_id into found_in from tourism_site s where s.word_hash = hash;
  if found_in is null then return; end if;
  perform scope_set('tenant', found_in::text);
  return query select s, t, b.accent::text from tourism_site s join tenants_tenant t on t.id = s.tenant_id
    left join tenants_bank b on b.id = t.bank_id where s.tenant_id = found_in and s.word_hash = hash;
end $$;

create function enter_gate(hash bytea) returns table (
  tenant_id uuid, device_id uuid, gate_id uuid, site_id uuid, names jsonb, gate text, way text, products jsonb,
  is_open boolean, instant_cap integer, zone text)
language plpgsql as $$
declare
  device record;
begin
  perform scope_set('secret', encode(hash, 'hex'));
  select d.tenant_id, d.id, d.gate_id into device from tourism_device d
   where d.key_hash = hash and d.revoked_at is null;
  if not found then return; end if;
  perform scope_set('tenant', device.tenant_id::text);
  return query select device.tenant_id, device.id, g.id, s.id, s.names, g.name::text, g.way::text, g.products,
      g.is_open, s.instant_cap, t.timezone::text
    from tourism_gate g join tourism_site s on s.tenant_id = g.tenant_id and s.id = g.site_id
    join tenants_tenant t on t.id = g.tenant_id where g.tenant_id = device.tenant_id and g.id = device.gate_id;
end $$;
"""
"""From the hash of a site's word, or of a device's key, to what it opens; the tenant's scope stays set."""

LATER = """
alter table tourism_order alter constraint tourism_order_bill_id_fkey deferrable initially deferred;
"""
"""An order names its bill before that is written, in the same transaction: what holds its rows is written last."""


class Migration(migrations.Migration):
    dependencies = [("cloud", "0034_hospital_depth")]
    operations = [ops.RunSQL(DOORS), ops.RunSQL(LATER)]
