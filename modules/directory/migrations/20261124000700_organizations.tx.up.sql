create table organizations (
  id {{.UUID}} primary key,
  tenant_id {{.UUID}} not null references tenants (id),
  version bigint not null,
  name_ar text not null,
  name_fr text not null,
  name_en text not null,
  kind text not null,
  commune text not null,
  phone text not null,
  address_ar text not null,
  address_fr text not null,
  access_ar text not null,
  access_fr text not null,
  joined {{.UUID}} references tenants (id),
  assured_on text not null,
  created_at {{.Time}} not null
);
--bun:split
alter table services add column organization_id {{.UUID}} references organizations (id);
--bun:split
alter table services add column papers_ar text not null default '';
--bun:split
alter table services add column papers_fr text not null default '';
--bun:split
create index services_organization on services (organization_id) where organization_id is not null;
