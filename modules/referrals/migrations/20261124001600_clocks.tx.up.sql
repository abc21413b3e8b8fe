alter table referrals add column due_key text not null default '';
--bun:split
alter table referrals add column due_unit text not null default 'real';
--bun:split
alter table referrals add column due_term bigint not null default 0;
--bun:split
alter table referrals add column due_used bigint not null default 0;
--bun:split
alter table referrals add column ring_at {{.Time}};
--bun:split
alter table referrals add column held {{.JSON}};
--bun:split
update referrals set due_key = due_for || '-0', ring_at = due_at where due_at is not null;
--bun:split
create index referrals_ring on referrals (ring_at, owner_tenant) where ring_at is not null;
--bun:split
create index referrals_owed on referrals (owner_tenant, id) where due_at is not null;
--bun:split
create table referral_alarms (
  referral_id {{.UUID}} not null references referrals (id),
  due_key text not null,
  kind text not null,
  from_tenant {{.UUID}} not null,
  to_tenant {{.UUID}} not null,
  at {{.Time}} not null,
  primary key (referral_id, due_key, kind)
);
--bun:split
{{.Wall "referral_alarms" "from_tenant = app_tenant() or to_tenant = app_tenant()"}}
