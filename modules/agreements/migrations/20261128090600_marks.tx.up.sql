-- Of a long history only the latest end between two tenants is read when a referral is
-- judged.
alter table agreement_scopes add column mark text not null default 'stands';
--bun:split
{{if .Postgres}}
select set_config('app.system', 'on', true);
--bun:split
{{end}}
update agreement_scopes set mark = 'ended' where agreement_id in (select id from agreements where state in ('expired', 'renewed', 'terminated', 'abandoned'));
--bun:split
update agreement_scopes set mark = '' where mark = 'ended' and exists (select 1 from agreement_scopes e where e.mark = 'ended' and e.from_tenant = agreement_scopes.from_tenant and e.to_tenant = agreement_scopes.to_tenant and e.id > agreement_scopes.id);
--bun:split
create index agreement_scopes_marked on agreement_scopes (from_tenant, to_tenant) where mark <> '';
