alter table referrals add column from_handed boolean not null default false;
