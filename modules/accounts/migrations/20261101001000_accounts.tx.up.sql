create table units (
  id {{.UUID}} primary key,
  tenant_id {{.UUID}} not null references tenants (id),
  parent_id {{.UUID}} references units (id),
  kind text not null,
  name_ar text not null,
  name_fr text not null,
  name_en text not null,
  commune text,
  on_call text,
  created_at {{.Time}} not null
);
--bun:split
create index units_tenant on units (tenant_id, parent_id);
--bun:split
create table users (
  id {{.UUID}} primary key,
  tenant_id {{.UUID}} not null references tenants (id),
  email text not null,
  name_ar text not null,
  name_latin text not null,
  password_hash text not null,
  locale text,
  ended_at {{.Time}},
  created_at {{.Time}} not null
);
--bun:split
create unique index users_email on users (tenant_id, email);
--bun:split
{{.Wall "users" "tenant_id = app_tenant()"}}
--bun:split
create table memberships (
  id {{.UUID}} primary key,
  tenant_id {{.UUID}} not null references tenants (id),
  user_id {{.UUID}} not null references users (id),
  role text not null,
  unit_id {{.UUID}} references units (id),
  position integer not null,
  valid_from {{.Time}} not null,
  valid_to {{.Time}}
);
--bun:split
create index memberships_user on memberships (tenant_id, user_id);
--bun:split
create index memberships_role on memberships (tenant_id, role);
--bun:split
{{.Wall "memberships" "tenant_id = app_tenant()"}}
--bun:split
create table sessions (
  id {{.UUID}} primary key,
  tenant_id {{.UUID}} not null references tenants (id),
  user_id {{.UUID}} not null references users (id),
  token_hash text not null unique,
  created_at {{.Time}} not null,
  expires_at {{.Time}} not null,
  ended_at {{.Time}}
);
--bun:split
create index sessions_user on sessions (tenant_id, user_id);
--bun:split
{{.Wall "sessions" "tenant_id = app_tenant()"}}
--bun:split
create table sign_in_links (
  code_hash text primary key,
  tenant_id {{.UUID}} not null references tenants (id),
  user_id {{.UUID}} not null references users (id),
  expires_at {{.Time}} not null,
  used_at {{.Time}}
);
--bun:split
{{.Wall "sign_in_links" "tenant_id = app_tenant()"}}
--bun:split
create table sign_in_failures (
  id {{.UUID}} primary key,
  bucket text not null,
  at {{.Time}} not null
);
--bun:split
create index sign_in_failures_bucket on sign_in_failures (bucket, at);
