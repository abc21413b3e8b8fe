-- Immediate danger (domain.md §2). A danger may stand beside an ordinary open
-- referral of the same person, service and target: nothing is asked first.
alter table referrals add column danger boolean not null default false;
--bun:split
alter table referrals add column alarmed_at {{.Time}};
--bun:split
alter table referrals add column review_due {{.Time}};
--bun:split
alter table referrals add column reviewed_at {{.Time}};
--bun:split
alter table referrals add column reviewed_by {{.UUID}};
--bun:split
alter table referrals add column informed text not null default '';
--bun:split
drop index referrals_already_open;
--bun:split
create unique index referrals_already_open on referrals (from_tenant, person_id, service_id, to_tenant, danger) where is_open and state <> 'draft';
--bun:split
create index referrals_alarms on referrals (from_tenant, sent_at) where danger and state = 'sent' and alarmed_at is null;
--bun:split
create index referrals_reviews on referrals (from_tenant, id) where danger and reviewed_at is null and sent_at is not null;
