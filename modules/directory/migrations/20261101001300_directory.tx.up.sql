create table services (
  id {{.UUID}} primary key,
  tenant_id {{.UUID}} not null references tenants (id),
  unit_id {{.UUID}} references units (id),
  version bigint not null,
  name_ar text not null,
  name_fr text not null,
  name_en text not null,
  needs {{.JSON}} not null,
  eligibility {{.JSON}} not null,
  triage {{.JSON}} not null,
  outcomes {{.JSON}} not null,
  hours {{.JSON}} not null,
  status text not null,
  available integer not null,
  maximum integer not null,
  discreet boolean not null,
  active boolean not null,
  created_at {{.Time}} not null
);
--bun:split
create index services_tenant on services (tenant_id, id);
--bun:split
create table service_needs (
  need text not null,
  service_id {{.UUID}} not null references services (id),
  primary key (need, service_id)
);
