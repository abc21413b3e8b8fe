-- One index for each tab of a box that holds several states; a tab of one state has
-- referrals_in_state and referrals_out_state.
create index referrals_in_act on referrals (to_tenant, id) where sent_at is not null and organization_id is null and state in ('sent', 'acknowledged', 'accepted', 'no_show', 'recall_requested');
--bun:split
create index referrals_in_running on referrals (to_tenant, id) where sent_at is not null and organization_id is null and state in ('in_progress', 'on_hold');
--bun:split
create index referrals_in_danger on referrals (to_tenant, id) where danger and state in ('sent');
--bun:split
create index referrals_own on referrals (to_tenant, owner_user, state, id) where owner_user is not null;
--bun:split
create index referrals_in_due on referrals (to_tenant, due_at) where due_at is not null and sent_at is not null;
--bun:split
create index referrals_out_state on referrals (from_tenant, state, id);
--bun:split
create index referrals_out_act on referrals (from_tenant, id) where state in ('draft', 'awaiting_consent', 'awaiting_approval', 'info_requested', 'completed');
--bun:split
create index referrals_out_partner on referrals (from_tenant, id) where state in ('sent', 'acknowledged', 'recall_requested');
--bun:split
create index referrals_out_running on referrals (from_tenant, id) where state in ('accepted', 'in_progress', 'on_hold');
--bun:split
create index referrals_out_due on referrals (from_tenant, due_at) where due_at is not null;
--bun:split
create index referrals_held on referrals (from_tenant, from_user, id) where is_open or to_decide;
--bun:split
drop index referrals_decide;
--bun:split
create index referrals_decide on referrals (from_tenant, id, due_at) where to_decide;
