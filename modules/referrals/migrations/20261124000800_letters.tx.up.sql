-- Letters to outside bodies (domain.md §2): the desk owns every state.
alter table referrals add column organization_id {{.UUID}} references organizations (id);
--bun:split
alter table referral_events add column source text not null default '';
--bun:split
drop index referrals_in_open;
--bun:split
create index referrals_in_open on referrals (to_tenant, id) where is_open and sent_at is not null and organization_id is null;
