alter table agreements add column parent_id {{.UUID}};
--bun:split
alter table agreements add column renews_id {{.UUID}};
--bun:split
alter table agreements add column based_on bigint not null default 0;
--bun:split
alter table agreements add column object_fr text not null default '';
--bun:split
alter table agreements add column sequence bigint not null default 0;
--bun:split
alter table agreements add column shared_from bigint not null default 0;
--bun:split
alter table agreements add column visa_number text not null default '';
--bun:split
alter table agreements add column visa_date text not null default '';
--bun:split
alter table agreements add column visa_authority text not null default '';
--bun:split
alter table agreements add column terminates_on text not null default '';
--bun:split
alter table agreements add column objected_on text not null default '';
--bun:split
alter table agreements add column objected_by {{.UUID}};
--bun:split
alter table agreements add column reason text not null default '';
--bun:split
alter table agreements add column alerted integer not null default 1000;
--bun:split
alter table agreements add column due_on text;
--bun:split
create index agreements_due on agreements (due_on) where due_on is not null;
--bun:split
create index agreements_parent on agreements (parent_id) where parent_id is not null;
--bun:split
create index agreements_renews on agreements (renews_id) where renews_id is not null;
--bun:split
{{if .Postgres}}
select set_config('app.system', 'on', true);
--bun:split
{{end}}
alter table agreement_parties add column keeper_id {{.UUID}};
--bun:split
update agreement_parties set keeper_id = (select a.tenant_id from agreements a where a.id = agreement_parties.agreement_id);
--bun:split
update agreements set shared_from = 1, due_on = effective_on where state in ('in_force', 'expiring', 'suspended');
--bun:split
{{if .Postgres}}
drop policy wall on agreement_parties;
--bun:split
drop policy wall on agreements;
--bun:split
drop policy wall on agreement_scopes;
--bun:split
drop policy wall on agreement_sharing;
--bun:split
{{end}}
{{.ReadWall "agreement_parties" "tenant_id = app_tenant() or keeper_id = app_tenant()" "exists (select 1 from agreements a where a.id = agreement_parties.agreement_id and a.tenant_id = app_tenant())"}}
--bun:split
{{.Wall "agreements" "tenant_id = app_tenant() or exists (select 1 from agreement_parties p where p.agreement_id = agreements.id and p.tenant_id = app_tenant())"}}
--bun:split
{{.Wall "agreement_scopes" "from_tenant = app_tenant() or to_tenant = app_tenant() or exists (select 1 from agreement_parties p where p.agreement_id = agreement_scopes.agreement_id and p.tenant_id = app_tenant())"}}
--bun:split
{{.Wall "agreement_sharing" "from_tenant = app_tenant() or to_tenant = app_tenant() or exists (select 1 from agreement_parties p where p.agreement_id = agreement_sharing.agreement_id and p.tenant_id = app_tenant())"}}
--bun:split
alter table agreement_scopes add column services {{.JSON}};
--bun:split
alter table agreement_scopes add column priorities {{.JSON}};
--bun:split
create table agreement_texts (
  agreement_id {{.UUID}} not null references agreements (id),
  version bigint not null,
  tenant_id {{.UUID}} not null references tenants (id),
  content text not null,
  sha256 text not null,
  kept boolean not null,
  why text not null,
  by_tenant {{.UUID}},
  by_user {{.UUID}},
  at {{.Time}} not null,
  primary key (agreement_id, version)
);
--bun:split
{{if .Postgres}}
alter table agreement_texts enable row level security;
--bun:split
alter table agreement_texts force row level security;
--bun:split
create policy wall_read on agreement_texts for select using (tenant_id = app_tenant() or exists (select 1 from agreements a where a.id = agreement_texts.agreement_id and a.shared_from > 0 and agreement_texts.version >= a.shared_from) or app_system());
--bun:split
create policy wall_insert on agreement_texts for insert with check (exists (select 1 from agreement_parties p where p.agreement_id = agreement_texts.agreement_id and p.tenant_id = app_tenant()) or app_system());
--bun:split
create policy wall_update on agreement_texts for update using ((tenant_id = app_tenant() and not kept) or app_system()) with check (tenant_id = app_tenant() or app_system());
--bun:split
create policy wall_delete on agreement_texts for delete using (app_system());
--bun:split
{{end}}
create table agreement_events (
  agreement_id {{.UUID}} not null references agreements (id),
  sequence bigint not null,
  tenant_id {{.UUID}} not null references tenants (id),
  event text not null,
  from_state text not null,
  to_state text not null,
  version bigint not null,
  party text not null,
  reason text not null,
  days integer not null,
  by_tenant {{.UUID}},
  by_user {{.UUID}},
  at {{.Time}} not null,
  primary key (agreement_id, sequence)
);
--bun:split
{{.Wall "agreement_events" "exists (select 1 from agreement_parties p where p.agreement_id = agreement_events.agreement_id and p.tenant_id = app_tenant())"}}
--bun:split
create table agreement_comments (
  id {{.UUID}} primary key,
  agreement_id {{.UUID}} not null references agreements (id),
  tenant_id {{.UUID}} not null references tenants (id),
  user_id {{.UUID}} not null,
  version bigint not null,
  article_id text not null,
  body text not null,
  proposal_ar text not null,
  proposal_fr text not null,
  state text not null,
  at {{.Time}} not null,
  settled_at {{.Time}}
);
--bun:split
create index agreement_comments_agreement on agreement_comments (agreement_id, id);
--bun:split
{{.Wall "agreement_comments" "exists (select 1 from agreement_parties p where p.agreement_id = agreement_comments.agreement_id and p.tenant_id = app_tenant())"}}
--bun:split
create table agreement_signatures (
  id {{.UUID}} primary key,
  agreement_id {{.UUID}} not null references agreements (id),
  version bigint not null,
  sha256 text not null,
  party text not null,
  tenant_id {{.UUID}},
  user_id {{.UUID}},
  name_ar text not null,
  name_fr text not null,
  capacity_ar text not null,
  capacity_fr text not null,
  method text not null,
  document_id {{.UUID}},
  file_sha256 text not null,
  by_tenant {{.UUID}} not null,
  by_user {{.UUID}} not null,
  at {{.Time}} not null,
  voided_at {{.Time}}
);
--bun:split
create unique index agreement_signatures_party on agreement_signatures (agreement_id, party) where voided_at is null;
--bun:split
{{.Wall "agreement_signatures" "exists (select 1 from agreement_parties p where p.agreement_id = agreement_signatures.agreement_id and p.tenant_id = app_tenant())"}}
--bun:split
create table agreement_codes (
  id {{.UUID}} primary key,
  agreement_id {{.UUID}} not null references agreements (id),
  tenant_id {{.UUID}} not null references tenants (id),
  user_id {{.UUID}} not null,
  version bigint not null,
  link text not null,
  tries integer not null,
  created_at {{.Time}} not null,
  expires_at {{.Time}} not null,
  used_at {{.Time}}
);
--bun:split
create unique index agreement_codes_link on agreement_codes (link);
--bun:split
create index agreement_codes_user on agreement_codes (tenant_id, user_id, agreement_id, id);
--bun:split
create index agreement_codes_expired on agreement_codes (expires_at);
--bun:split
{{.Wall "agreement_codes" "tenant_id = app_tenant()"}}
--bun:split
create table agreement_quotas (
  id {{.UUID}} primary key,
  agreement_id {{.UUID}} not null references agreements (id),
  tenant_id {{.UUID}} not null references tenants (id),
  service_id {{.UUID}} not null,
  period text not null,
  amount bigint not null,
  hard boolean not null
);
--bun:split
create index agreement_quotas_agreement on agreement_quotas (agreement_id, service_id);
--bun:split
{{.Wall "agreement_quotas" "exists (select 1 from agreement_parties p where p.agreement_id = agreement_quotas.agreement_id and p.tenant_id = app_tenant())"}}
--bun:split
create table agreement_obligations (
  id {{.UUID}} primary key,
  agreement_id {{.UUID}} not null references agreements (id),
  tenant_id {{.UUID}} not null references tenants (id),
  party text not null,
  indicator text not null,
  target double precision not null,
  period text not null,
  mode text not null,
  title_ar text not null,
  title_fr text not null
);
--bun:split
create index agreement_obligations_agreement on agreement_obligations (agreement_id, id);
--bun:split
{{.Wall "agreement_obligations" "exists (select 1 from agreement_parties p where p.agreement_id = agreement_obligations.agreement_id and p.tenant_id = app_tenant())"}}
