-- The tabs of an inbox are counted on every page: from the index alone, without a
-- look at each row. PostgreSQL reads narrow indexes and its rows faster.
{{if not .Postgres}}
drop index referrals_in_state;
--bun:split
create index referrals_in_state on referrals (to_tenant, state, id, to_unit, organization_id, danger, sent_at) where sent_at is not null;
--bun:split
drop index referrals_in_act;
--bun:split
create index referrals_in_act on referrals (to_tenant, id, to_unit, organization_id, state, sent_at) where sent_at is not null and organization_id is null and state in ('sent', 'acknowledged', 'accepted', 'no_show', 'recall_requested');
--bun:split
drop index referrals_in_running;
--bun:split
create index referrals_in_running on referrals (to_tenant, id, to_unit, organization_id, state, sent_at) where sent_at is not null and organization_id is null and state in ('in_progress', 'on_hold');
--bun:split
drop index referrals_in;
--bun:split
create index referrals_in on referrals (to_tenant, id, to_unit, organization_id, state, sent_at) where sent_at is not null;
{{end}}
