-- When the mail of a notice was last taken over: two that come late at once do not
-- take each other's.
alter table notifications add column mail_claimed_at {{.Time}};
