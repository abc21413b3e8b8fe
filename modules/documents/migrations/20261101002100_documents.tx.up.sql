create table document_subjects (
  document_id {{.UUID}} primary key,
  tenant_id {{.UUID}} not null,
  referral_id {{.UUID}} not null references referrals (id)
);
--bun:split
create index document_subjects_referral on document_subjects (referral_id, document_id);
--bun:split
{{.ReadWall "document_subjects" "tenant_id = app_tenant() or exists (select 1 from referrals r where r.id = document_subjects.referral_id)" "tenant_id = app_tenant()"}}
--bun:split
create table documents (
  id {{.UUID}} primary key,
  tenant_id {{.UUID}} not null references tenants (id),
  referral_id {{.UUID}} not null references referrals (id),
  version bigint not null,
  state text not null,
  category text not null,
  sensitivity text not null,
  media_type text not null,
  size bigint not null,
  sha256 text not null,
  file_key {{.Bytes}} not null,
  name {{.Bytes}} not null,
  created_by {{.UUID}} not null,
  created_at {{.Time}} not null
);
--bun:split
create index documents_referral on documents (referral_id, id);
--bun:split
create index documents_tenant on documents (tenant_id, id);
--bun:split
{{.ReadWall "documents" "tenant_id = app_tenant() or exists (select 1 from referrals r where r.id = documents.referral_id and (r.from_tenant = app_tenant() or (r.to_tenant = app_tenant() and position(',documents,' in r.open_slices) > 0 and (documents.sensitivity <> 'health' or position(',health_documents,' in r.open_slices) > 0))))" "tenant_id = app_tenant()"}}
