alter table notifications add column mailed_by {{.UUID}};
--bun:split
alter table notifications add column mailed_at {{.Time}};
