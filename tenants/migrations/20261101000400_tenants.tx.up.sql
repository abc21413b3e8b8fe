create table tenants (
  id {{.UUID}} primary key,
  slug text not null unique,
  kind text not null,
  name_ar text not null,
  name_fr text not null,
  name_en text not null,
  accent text not null,
  locale text not null,
  host text unique,
  require_approval boolean not null default false,
  file_limit bigint not null,
  created_at {{.Time}} not null
);
