create table referral_slips (
  code text primary key,
  referral_id {{.UUID}} not null references referrals (id),
  from_tenant {{.UUID}} not null references tenants (id),
  to_tenant {{.UUID}} not null references tenants (id),
  created_at {{.Time}} not null
);
--bun:split
create unique index referral_slips_referral on referral_slips (referral_id);
--bun:split
{{.Wall "referral_slips" "from_tenant = app_tenant() or to_tenant = app_tenant()"}}
