create table notifications (
  id {{.UUID}} primary key,
  tenant_id {{.UUID}} not null references tenants (id),
  user_id {{.UUID}} not null references users (id),
  delivery_id {{.UUID}} not null,
  event text not null,
  subject_id {{.UUID}} not null,
  number text not null,
  partner {{.UUID}} not null,
  reason text not null,
  code text not null,
  created_at {{.Time}} not null,
  read_at {{.Time}}
);
--bun:split
create unique index notifications_once on notifications (tenant_id, delivery_id, user_id);
--bun:split
create index notifications_user on notifications (tenant_id, user_id, id);
--bun:split
create index notifications_unread on notifications (tenant_id, user_id, id) where read_at is null;
--bun:split
create unique index notifications_code on notifications (code);
--bun:split
{{.Wall "notifications" "tenant_id = app_tenant()"}}
