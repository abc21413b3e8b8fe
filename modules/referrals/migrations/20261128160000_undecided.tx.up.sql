-- What nobody has decided is looked for once an hour by each sender: along its own few,
-- not along everything that it ever sent.
drop index referrals_undecided;
--bun:split
create index referrals_undecided on referrals (from_tenant, sent_at) where state in ('sent', 'acknowledged', 'info_requested');
