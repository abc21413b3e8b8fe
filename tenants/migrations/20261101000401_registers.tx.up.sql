create table registers (
  tenant_id {{.UUID}} not null references tenants (id),
  name text not null,
  year integer not null,
  last bigint not null,
  primary key (tenant_id, name, year)
);
--bun:split
{{.Wall "registers" "tenant_id = app_tenant()"}}
