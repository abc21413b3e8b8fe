alter table users add column version bigint not null default 1;
--bun:split
alter table users add column changed_at {{.Time}};
--bun:split
alter table users add column changed_by {{.UUID}};
--bun:split
alter table users add column key_id {{.UUID}};
--bun:split
alter table users add column keys_off boolean not null default false;
--bun:split
alter table users add column mails_off boolean not null default false;
--bun:split
alter table users add column totp {{.Bytes}};
--bun:split
alter table users add column totp_used bigint not null default 0;
--bun:split
alter table users add column totp_at {{.Time}};
--bun:split
create index users_list on users (tenant_id, id);
--bun:split
alter table memberships add column handed_at {{.Time}};
--bun:split
create index memberships_due on memberships (tenant_id, valid_to) where handed_at is null and valid_to is not null;
--bun:split
alter table sessions add column kind text not null default 'token';
--bun:split
alter table sessions add column device text not null default '';
--bun:split
alter table sessions add column seen_at {{.Time}};
--bun:split
alter table sessions add column locked_at {{.Time}};
--bun:split
alter table sign_in_links add column id {{.UUID}};
--bun:split
alter table sign_in_links add column kind text not null default 'reset';
--bun:split
alter table sign_in_links add column spoken boolean not null default false;
--bun:split
alter table sign_in_links add column created_at {{.Time}};
--bun:split
alter table sign_in_links add column created_by {{.UUID}};
--bun:split
alter table sign_in_links add column replaced_at {{.Time}};
--bun:split
create index sign_in_links_user on sign_in_links (tenant_id, user_id);
--bun:split
create unique index sign_in_links_id on sign_in_links (id);
--bun:split
create table recovery_codes (
  tenant_id {{.UUID}} not null references tenants (id),
  user_id {{.UUID}} not null references users (id),
  code_hash text not null,
  used_at {{.Time}},
  primary key (tenant_id, user_id, code_hash)
);
--bun:split
{{.Wall "recovery_codes" "tenant_id = app_tenant()"}}
--bun:split
create table kept_forms (
  session_id {{.UUID}} primary key references sessions (id) on delete cascade,
  tenant_id {{.UUID}} not null references tenants (id),
  sealed {{.Bytes}} not null,
  created_at {{.Time}} not null
);
--bun:split
create index kept_forms_age on kept_forms (created_at);
--bun:split
{{.Wall "kept_forms" "tenant_id = app_tenant()"}}
