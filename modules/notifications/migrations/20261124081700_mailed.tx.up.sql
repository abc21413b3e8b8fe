alter table notifications add column mailed_at {{.Time}};
