create table tasks (
  id {{.UUID}} primary key,
  tenant_id {{.UUID}} not null references tenants (id),
  version bigint not null,
  state text not null,
  subject text not null,
  about text not null,
  number text not null,
  source text,
  assignee {{.UUID}} not null,
  unit_id {{.UUID}},
  given_by {{.UUID}},
  due_on text not null,
  created_at {{.Time}} not null,
  changed_at {{.Time}} not null,
  closed_at {{.Time}},
  sealed {{.Bytes}} not null
);
--bun:split
create unique index tasks_source on tasks (tenant_id, source) where source is not null;
--bun:split
create index tasks_all on tasks (tenant_id, id);
--bun:split
create index tasks_assignee on tasks (tenant_id, assignee, id);
--bun:split
create index tasks_given on tasks (tenant_id, given_by, id);
--bun:split
create index tasks_unit on tasks (tenant_id, unit_id, id);
--bun:split
create index tasks_about on tasks (tenant_id, about, id);
--bun:split
create index tasks_open_all on tasks (tenant_id, due_on, id) where closed_at is null;
--bun:split
create index tasks_open_assignee on tasks (tenant_id, assignee, due_on, id) where closed_at is null;
--bun:split
create index tasks_open_given on tasks (tenant_id, given_by, due_on, id) where closed_at is null;
--bun:split
create index tasks_open_unit on tasks (tenant_id, unit_id, due_on, id) where closed_at is null;
--bun:split
create index tasks_open_about on tasks (tenant_id, about, due_on, id) where closed_at is null;
--bun:split
{{.Wall "tasks" "tenant_id = app_tenant()"}}
