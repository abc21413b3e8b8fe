create table agreement_meetings (
  id {{.UUID}} primary key,
  agreement_id {{.UUID}} not null references agreements (id),
  tenant_id {{.UUID}} not null references tenants (id),
  version bigint not null,
  state text not null,
  kind text not null,
  starts_local text not null,
  zone text not null,
  place text not null,
  agenda {{.JSON}},
  attendance {{.JSON}},
  minutes_ar text not null,
  minutes_fr text not null,
  reason text not null,
  created_at {{.Time}} not null,
  changed_at {{.Time}} not null,
  closed_at {{.Time}}
);
--bun:split
create index agreement_meetings_agreement on agreement_meetings (agreement_id, id);
--bun:split
{{if .Postgres}}
alter table agreement_meetings enable row level security;
--bun:split
alter table agreement_meetings force row level security;
--bun:split
create policy wall_read on agreement_meetings for select using (exists (select 1 from agreement_parties p where p.agreement_id = agreement_meetings.agreement_id and p.tenant_id = app_tenant()) or app_system());
--bun:split
create policy wall_insert on agreement_meetings for insert with check (tenant_id = app_tenant() or app_system());
--bun:split
create policy wall_update on agreement_meetings for update using ((tenant_id = app_tenant() and state in ('planned', 'held')) or app_system()) with check (tenant_id = app_tenant() or app_system());
--bun:split
create policy wall_delete on agreement_meetings for delete using (app_system());
--bun:split
{{end}}
create table agreement_decisions (
  id {{.UUID}} primary key,
  agreement_id {{.UUID}} not null references agreements (id),
  meeting_id {{.UUID}} not null references agreement_meetings (id),
  tenant_id {{.UUID}} not null references tenants (id),
  owner_id {{.UUID}} references tenants (id),
  party text not null,
  user_id {{.UUID}},
  words text not null,
  due_on text not null,
  position integer not null,
  state text not null
);
--bun:split
create index agreement_decisions_meeting on agreement_decisions (meeting_id, position);
--bun:split
create index agreement_decisions_agreement on agreement_decisions (agreement_id, id);
--bun:split
{{.ReadWall "agreement_decisions" "exists (select 1 from agreement_parties p where p.agreement_id = agreement_decisions.agreement_id and p.tenant_id = app_tenant())" "tenant_id = app_tenant() or owner_id = app_tenant()"}}
--bun:split
create table agreement_meeting_notes (
  id {{.UUID}} primary key,
  agreement_id {{.UUID}} not null references agreements (id),
  meeting_id {{.UUID}} not null references agreement_meetings (id),
  tenant_id {{.UUID}} not null references tenants (id),
  user_id {{.UUID}} not null,
  body text not null,
  at {{.Time}} not null
);
--bun:split
create index agreement_meeting_notes_meeting on agreement_meeting_notes (meeting_id, id);
--bun:split
{{.ReadWall "agreement_meeting_notes" "exists (select 1 from agreement_parties p where p.agreement_id = agreement_meeting_notes.agreement_id and p.tenant_id = app_tenant())" "tenant_id = app_tenant()"}}
