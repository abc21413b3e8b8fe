create table vault_keys (
  id {{.UUID}} primary key,
  tenant_id {{.UUID}} not null,
  kind text not null,
  wrapped {{.Bytes}} not null,
  created_at {{.Time}} not null
);
--bun:split
create index vault_keys_tenant on vault_keys (tenant_id, kind);
--bun:split
{{.Wall "vault_keys" "tenant_id = app_tenant()"}}
