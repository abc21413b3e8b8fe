-- After the end a receiver keeps the display name of whom it had accepted: the token
-- ",name," alone. Words of the other side are open only while the card is.
{{.DropWall "referral_notes"}}
--bun:split
{{.ReadWall "referral_notes" "tenant_id = app_tenant() or (shared and from_tenant = app_tenant()) or (shared and exists (select 1 from referrals r where r.id = referral_notes.referral_id and r.to_tenant = app_tenant() and position(',card,' in r.open_slices) > 0))" "tenant_id = app_tenant()"}}
--bun:split
{{.DropWall "messages"}}
--bun:split
{{.ReadWall "messages" "by_tenant = app_tenant() or from_tenant = app_tenant() or exists (select 1 from referrals r where r.id = messages.referral_id and r.to_tenant = app_tenant() and position(',card,' in r.open_slices) > 0)" "by_tenant = app_tenant()"}}
--bun:split
drop index referrals_to_close;
--bun:split
create index referrals_to_close on referrals (from_tenant, ended_at) where open_slices like ',card,%' and not is_open;
--bun:split
drop index referrals_consent;
--bun:split
create index referrals_consent on referrals (from_tenant, consent_id);
