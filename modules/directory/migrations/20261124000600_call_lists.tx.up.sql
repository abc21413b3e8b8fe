create table call_lists (
  tenant_id {{.UUID}} primary key references tenants (id),
  version bigint not null,
  content text not null
);
--bun:split
{{.Wall "call_lists" "tenant_id = app_tenant()"}}
