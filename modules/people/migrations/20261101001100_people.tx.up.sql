create table people (
  id {{.UUID}} primary key,
  tenant_id {{.UUID}} not null references tenants (id),
  version bigint not null,
  key_id {{.UUID}} not null references vault_keys (id),
  anonymous boolean not null,
  alias text not null,
  number text,
  given_name_ar text not null,
  family_name_ar text not null,
  given_name text not null,
  family_name text not null,
  sex text not null,
  birth_date text not null,
  birth_precision text not null,
  commune text not null,
  private {{.Bytes}} not null,
  created_by {{.UUID}} not null,
  created_at {{.Time}} not null,
  updated_at {{.Time}} not null
);
--bun:split
create index people_tenant on people (tenant_id, id);
--bun:split
{{.Wall "people" "tenant_id = app_tenant()"}}
--bun:split
create table person_tokens (
  tenant_id {{.UUID}} not null,
  token text not null,
  person_id {{.UUID}} not null references people (id),
  primary key (tenant_id, token, person_id)
);
--bun:split
create index person_tokens_person on person_tokens (tenant_id, person_id);
--bun:split
{{.Wall "person_tokens" "tenant_id = app_tenant()"}}
--bun:split
create table consents (
  id {{.UUID}} primary key,
  tenant_id {{.UUID}} not null references tenants (id),
  person_id {{.UUID}} not null references people (id),
  version bigint not null,
  purpose text not null,
  recipients {{.JSON}} not null,
  categories {{.JSON}} not null,
  mode text not null,
  sealed {{.Bytes}} not null,
  language text not null,
  expires_at {{.Time}} not null,
  withdrawn_at {{.Time}},
  created_by {{.UUID}} not null,
  created_at {{.Time}} not null
);
--bun:split
create index consents_person on consents (tenant_id, person_id, id);
--bun:split
{{.Wall "consents" "tenant_id = app_tenant()"}}
