create table agreements (
  id {{.UUID}} primary key,
  tenant_id {{.UUID}} not null references tenants (id),
  number text not null,
  version bigint not null,
  state text not null,
  state_since {{.Time}} not null,
  kind text not null,
  title_ar text not null,
  title_fr text not null,
  object text not null,
  parties {{.JSON}} not null,
  effective_on text not null,
  ends_on text not null,
  renewal text not null,
  notice_days integer not null,
  created_at {{.Time}} not null
);
--bun:split
create unique index agreements_number on agreements (tenant_id, number);
--bun:split
create table agreement_parties (
  agreement_id {{.UUID}} not null references agreements (id),
  tenant_id {{.UUID}} not null references tenants (id),
  primary key (agreement_id, tenant_id)
);
--bun:split
create index agreement_parties_tenant on agreement_parties (tenant_id, agreement_id);
--bun:split
{{.Wall "agreement_parties" "tenant_id = app_tenant()"}}
--bun:split
{{.Wall "agreements" "exists (select 1 from agreement_parties p where p.agreement_id = agreements.id and p.tenant_id = app_tenant())"}}
--bun:split
create table agreement_scopes (
  id {{.UUID}} primary key,
  agreement_id {{.UUID}} not null references agreements (id),
  from_tenant {{.UUID}} not null references tenants (id),
  to_tenant {{.UUID}} not null references tenants (id),
  needs {{.JSON}} not null,
  population {{.JSON}} not null
);
--bun:split
create index agreement_scopes_pair on agreement_scopes (from_tenant, to_tenant);
--bun:split
create index agreement_scopes_agreement on agreement_scopes (agreement_id);
--bun:split
{{.Wall "agreement_scopes" "from_tenant = app_tenant() or to_tenant = app_tenant()"}}
--bun:split
create table agreement_sharing (
  agreement_id {{.UUID}} not null references agreements (id),
  from_tenant {{.UUID}} not null references tenants (id),
  to_tenant {{.UUID}} not null references tenants (id),
  slice text not null,
  categories {{.JSON}} not null,
  primary key (agreement_id, from_tenant, to_tenant, slice)
);
--bun:split
{{.Wall "agreement_sharing" "from_tenant = app_tenant() or to_tenant = app_tenant()"}}
