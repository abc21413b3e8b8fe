create table idempotency_keys (
  tenant_id {{.UUID}} not null,
  user_id {{.UUID}} not null,
  route text not null,
  key text not null,
  hash text not null,
  resource_id text not null,
  created_at {{.Time}} not null,
  primary key (tenant_id, user_id, route, key)
);
--bun:split
create index idempotency_keys_age on idempotency_keys (created_at);
--bun:split
{{.Wall "idempotency_keys" "tenant_id = app_tenant()"}}
