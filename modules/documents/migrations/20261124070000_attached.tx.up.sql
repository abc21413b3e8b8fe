{{if .Postgres}}
alter table document_subjects drop constraint document_subjects_pkey, add primary key (document_id, referral_id);
--bun:split
{{.DropWall "documents"}}
--bun:split
{{.ReadWall "documents" "tenant_id = app_tenant() or exists (select 1 from document_subjects s join referrals r on r.id = s.referral_id where s.document_id = documents.id and (r.from_tenant = app_tenant() or (r.to_tenant = app_tenant() and position(',documents,' in r.open_slices) > 0 and (documents.sensitivity <> 'health' or position(',health_documents,' in r.open_slices) > 0))))" "tenant_id = app_tenant()"}}
{{else}}
create table document_subjects_of_many (
  document_id {{.UUID}} not null,
  tenant_id {{.UUID}} not null,
  referral_id {{.UUID}} not null references referrals (id),
  primary key (document_id, referral_id)
);
--bun:split
insert into document_subjects_of_many select document_id, tenant_id, referral_id from document_subjects;
--bun:split
drop table document_subjects;
--bun:split
alter table document_subjects_of_many rename to document_subjects;
--bun:split
create index document_subjects_referral on document_subjects (referral_id, document_id);
{{end}}
