-- The sender finds a referral by the receiver's number too.
create index referrals_their_number on referrals (from_tenant, receiver_number) where receiver_number <> '';
