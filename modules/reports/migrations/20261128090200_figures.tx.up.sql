-- Figures of agreements, folded from the events of referrals (architecture: totals for
-- reports and obligations). Every party of the agreement reads them; they hold counts.
create table agreement_figures (
  agreement_id {{.UUID}} not null references agreements (id),
  unit text not null,
  span text not null,
  indicator text not null,
  party_id {{.UUID}} not null,
  num bigint not null,
  den bigint not null,
  primary key (agreement_id, unit, span, indicator, party_id)
);
--bun:split
{{.Wall "agreement_figures" "exists (select 1 from agreement_parties p where p.agreement_id = agreement_figures.agreement_id and p.tenant_id = app_tenant())"}}
--bun:split
-- What one referral has given to the figures: the next event adds the difference.
create table referral_figures (
  referral_id {{.UUID}} primary key,
  tenant_id {{.UUID}} not null references tenants (id),
  agreement_id {{.UUID}} not null,
  given {{.JSON}} not null
);
--bun:split
{{.Wall "referral_figures" "tenant_id = app_tenant()"}}
--bun:split
-- In how many referrals of a period a person is accompanied, for the sender alone: a
-- person counts once.
create table agreement_persons (
  tenant_id {{.UUID}} not null references tenants (id),
  agreement_id {{.UUID}} not null,
  party_id {{.UUID}} not null,
  unit text not null,
  span text not null,
  token text not null,
  times bigint not null,
  primary key (tenant_id, agreement_id, party_id, unit, span, token)
);
--bun:split
{{.Wall "agreement_persons" "tenant_id = app_tenant()"}}
