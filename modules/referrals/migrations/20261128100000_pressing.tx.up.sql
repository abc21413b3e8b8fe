-- What is open is read with the most pressing first: the short indexes of the tabs
-- follow the deadline. Where the states say that it has been sent, the index does not:
-- asked for it, SQLite would take "is not null" for a good range of another one. Those
-- of the first tabs stay beside, for the API lists them newest first.
create index referrals_in_act_due on referrals (to_tenant, due_at, id) where organization_id is null and state in ('sent', 'acknowledged', 'accepted', 'no_show', 'recall_requested');
--bun:split
drop index referrals_in_running;
--bun:split
create index referrals_in_running on referrals (to_tenant, due_at, id) where organization_id is null and state in ('in_progress', 'on_hold');
--bun:split
drop index referrals_in_danger;
--bun:split
create index referrals_in_danger on referrals (to_tenant, due_at, id) where danger and state in ('sent');
--bun:split
create index referrals_out_act_due on referrals (from_tenant, due_at, id) where state in ('draft', 'awaiting_consent', 'awaiting_approval', 'info_requested', 'completed');
--bun:split
drop index referrals_out_partner;
--bun:split
create index referrals_out_partner on referrals (from_tenant, due_at, id) where state in ('sent', 'acknowledged', 'recall_requested');
--bun:split
drop index referrals_out_running;
--bun:split
create index referrals_out_running on referrals (from_tenant, due_at, id) where state in ('accepted', 'in_progress', 'on_hold');
--bun:split
-- A tab of one state.
create index referrals_in_state_due on referrals (to_tenant, state, due_at, id) where organization_id is null and is_open;
--bun:split
create index referrals_out_state_due on referrals (from_tenant, state, due_at, id) where is_open;
