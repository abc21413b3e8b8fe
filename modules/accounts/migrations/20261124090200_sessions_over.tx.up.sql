-- Under row-level security PostgreSQL uses an index on an expression only where the
-- expression cannot leak what it reads; coalesce does not count as such, case does.
drop index sessions_over;
--bun:split
create index sessions_over on sessions ((case when ended_at is null then expires_at else ended_at end));
