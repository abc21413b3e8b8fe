create table tenant_calendars (
  tenant_id {{.UUID}} not null references tenants (id),
  version bigint not null,
  content {{.JSON}} not null,
  changed_at {{.Time}} not null,
  superseded_at {{.Time}},
  primary key (tenant_id, version)
);
--bun:split
{{.ReadWall "tenant_calendars" "true" "tenant_id = app_tenant()"}}
--bun:split
create table unit_calendars (
  unit_id {{.UUID}} not null references units (id),
  version bigint not null,
  tenant_id {{.UUID}} not null references tenants (id),
  content {{.JSON}} not null,
  changed_at {{.Time}} not null,
  superseded_at {{.Time}},
  primary key (unit_id, version)
);
--bun:split
create index unit_calendars_tenant on unit_calendars (tenant_id, unit_id);
--bun:split
{{.ReadWall "unit_calendars" "true" "tenant_id = app_tenant()"}}
