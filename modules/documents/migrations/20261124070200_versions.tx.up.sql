{{if .Postgres}}
select set_config('app.system', 'on', true);
--bun:split
{{end}}
alter table documents add column replaces {{.UUID}};
--bun:split
alter table documents add column retention text not null default 'file';
--bun:split
update documents set retention = case
  when category in ('medical', 'disability_cert') then 'health'
  when category in ('agreement_signed', 'apprenticeship_contract', 'apprenticeship_booklet') then 'contract'
  when category = 'consent_form' then 'consent'
  when category in ('cnie_copy', 'photo') then 'identity'
  else 'file' end;
--bun:split
create unique index documents_replaces on documents (replaces) where replaces is not null and state <> 'infected';
--bun:split
create table document_usage (
  tenant_id {{.UUID}} primary key,
  bytes bigint not null
);
--bun:split
insert into document_usage (tenant_id, bytes) select tenant_id, sum(size) from documents where state <> 'infected' group by tenant_id;
--bun:split
{{.Wall "document_usage" "tenant_id = app_tenant()"}}
