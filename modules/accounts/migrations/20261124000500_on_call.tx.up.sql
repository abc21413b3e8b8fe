create table on_call (
  tenant_id {{.UUID}} not null references tenants (id),
  user_id {{.UUID}} not null references users (id),
  primary key (tenant_id, user_id)
);
--bun:split
{{.Wall "on_call" "tenant_id = app_tenant()"}}
