create table outbox (
  id {{.UUID}} primary key,
  tenant_id {{.UUID}} not null,
  subscriber text not null,
  event text not null,
  payload text not null,
  order_key text,
  sequence bigint not null default 0,
  once_key text,
  state text not null,
  attempt integer not null,
  next_at {{.Time}} not null,
  handed_at {{.Time}},
  done_at {{.Time}},
  error_code text,
  created_at {{.Time}} not null
);
--bun:split
create index outbox_ready on outbox (next_at) where state = 'ready';
--bun:split
create index outbox_handed on outbox (handed_at) where state = 'handed';
--bun:split
create index outbox_order on outbox (subscriber, tenant_id, order_key, sequence) where state in ('ready', 'handed') and order_key is not null;
--bun:split
create unique index outbox_once on outbox (once_key) where once_key is not null;
--bun:split
create index outbox_done on outbox (done_at) where state = 'done';
