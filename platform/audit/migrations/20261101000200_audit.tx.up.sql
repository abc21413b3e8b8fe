create table audit_entries (
  id {{.UUID}} primary key,
  tenant_id {{.UUID}} not null,
  at {{.Time}} not null,
  actor {{.UUID}},
  action text not null,
  object text not null,
  object_id text not null,
  detail text not null,
  request_id text not null,
  seq bigint,
  hash {{.Bytes}}
);
--bun:split
create unique index audit_entries_seq on audit_entries (tenant_id, seq);
--bun:split
create index audit_entries_unsealed on audit_entries (id) where seq is null;
--bun:split
create index audit_entries_object on audit_entries (tenant_id, object_id, seq);
--bun:split
{{.ReadWall "audit_entries" "tenant_id = app_tenant()" "tenant_id = app_tenant() and seq is null"}}
--bun:split
create table audit_heads (
  tenant_id {{.UUID}} primary key,
  seq bigint not null,
  hash {{.Bytes}} not null
);
--bun:split
{{.ReadWall "audit_heads" "tenant_id = app_tenant()" "false"}}
