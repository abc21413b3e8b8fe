create index referrals_sent on referrals (from_tenant, sent_at, id) where sent_at is not null;
--bun:split
create index referrals_received on referrals (to_tenant, sent_at, id) where sent_at is not null;
