-- An opening names the agreement that carried it, for the count on its page.
alter table disclosures add column agreement_id {{.UUID}};
--bun:split
{{if .Postgres}}
select set_config('app.system', 'on', true);
--bun:split
{{end}}
update disclosures set agreement_id = (select r.agreement_id from referrals r where r.id = disclosures.referral_id);
--bun:split
create index disclosures_agreement on disclosures (agreement_id, day) where agreement_id is not null;
