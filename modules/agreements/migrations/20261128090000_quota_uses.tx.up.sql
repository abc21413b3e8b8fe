-- A quota acts (domain.md §3): how many places of a period are taken, and which
-- referral holds which, so that a place is given back once. The keys are those of the
-- clause, not of its row: an amendment writes the rows of the clauses anew.
create table agreement_quota_uses (
  agreement_id {{.UUID}} not null references agreements (id),
  service_id {{.UUID}} not null,
  period text not null,
  starts_on text not null,
  used bigint not null,
  told integer not null,
  primary key (agreement_id, service_id, period, starts_on)
);
--bun:split
{{.Wall "agreement_quota_uses" "exists (select 1 from agreement_parties p where p.agreement_id = agreement_quota_uses.agreement_id and p.tenant_id = app_tenant())"}}
--bun:split
create table agreement_quota_places (
  referral_id {{.UUID}} not null,
  period text not null,
  agreement_id {{.UUID}} not null references agreements (id),
  service_id {{.UUID}} not null,
  starts_on text not null,
  primary key (referral_id, period)
);
--bun:split
{{.Wall "agreement_quota_places" "exists (select 1 from agreement_parties p where p.agreement_id = agreement_quota_places.agreement_id and p.tenant_id = app_tenant())"}}
--bun:split
alter table agreement_events add column subject text not null default '';
--bun:split
alter table agreements add column has_quotas boolean not null default false;
--bun:split
{{if .Postgres}}
select set_config('app.system', 'on', true);
--bun:split
{{end}}
update agreements set has_quotas = true where id in (select agreement_id from agreement_quotas);
