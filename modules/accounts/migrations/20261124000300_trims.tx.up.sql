create index sign_in_failures_at on sign_in_failures (at);
--bun:split
create index sign_in_links_expiry on sign_in_links (expires_at);
--bun:split
create index sessions_over on sessions (coalesce(ended_at, expires_at));
