{{if .Postgres}}
alter table documents alter column referral_id drop not null, add column agreement_id uuid references agreements (id), add column kept_until timestamptz,
  add constraint documents_subject check ((referral_id is null) <> (agreement_id is null));
--bun:split
{{.DropWall "documents"}}
--bun:split
{{.ReadWall "documents" "tenant_id = app_tenant() or exists (select 1 from document_subjects s join referrals r on r.id = s.referral_id where s.document_id = documents.id and (r.from_tenant = app_tenant() or (r.to_tenant = app_tenant() and position(',documents,' in r.open_slices) > 0 and (documents.sensitivity <> 'health' or position(',health_documents,' in r.open_slices) > 0)))) or (agreement_id is not null and exists (select 1 from agreement_parties p where p.agreement_id = documents.agreement_id and p.tenant_id = app_tenant()))" "tenant_id = app_tenant()"}}
{{else}}
create table documents_of_either (
  id {{.UUID}} primary key,
  tenant_id {{.UUID}} not null references tenants (id),
  referral_id {{.UUID}} references referrals (id),
  agreement_id {{.UUID}} references agreements (id),
  version bigint not null,
  replaces {{.UUID}},
  retention text not null default 'file',
  state text not null,
  category text not null,
  sensitivity text not null,
  media_type text not null,
  size bigint not null,
  sha256 text not null,
  file_key {{.Bytes}} not null,
  name {{.Bytes}} not null,
  created_by {{.UUID}} not null,
  created_at {{.Time}} not null,
  kept_until {{.Time}},
  check ((referral_id is null) <> (agreement_id is null))
);
--bun:split
insert into documents_of_either (id, tenant_id, referral_id, version, replaces, retention, state, category, sensitivity, media_type, size, sha256, file_key, name, created_by, created_at)
  select id, tenant_id, referral_id, version, replaces, retention, state, category, sensitivity, media_type, size, sha256, file_key, name, created_by, created_at from documents;
--bun:split
drop table documents;
--bun:split
alter table documents_of_either rename to documents;
--bun:split
create index documents_referral on documents (referral_id, id);
--bun:split
create index documents_tenant on documents (tenant_id, id);
--bun:split
create index documents_quarantined on documents (tenant_id, created_at) where state = 'quarantined';
--bun:split
create unique index documents_replaces on documents (replaces) where replaces is not null and state <> 'infected';
{{end}}
--bun:split
create index documents_agreement on documents (agreement_id, id) where agreement_id is not null;
