-- Whether the act came after its deadline is written with the act: it is never counted
-- again by a calendar that was edited since.
alter table referral_events add column late boolean not null default false;
