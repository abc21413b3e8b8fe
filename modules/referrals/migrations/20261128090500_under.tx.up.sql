create index referrals_agreement on referrals (agreement_id, id) where agreement_id is not null and sent_at is not null;
