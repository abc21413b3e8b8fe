alter table notifications add column mailed_by {{.UUID}};
