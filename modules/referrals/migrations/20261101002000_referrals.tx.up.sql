create table referrals (
  id {{.UUID}} primary key,
  number text,
  receiver_number text not null,
  from_tenant {{.UUID}} not null references tenants (id),
  to_tenant {{.UUID}} not null references tenants (id),
  from_unit {{.UUID}} references units (id),
  to_unit {{.UUID}} references units (id),
  from_user {{.UUID}} not null,
  person_id {{.UUID}} not null references people (id),
  key_id {{.UUID}} not null,
  service_id {{.UUID}} not null references services (id),
  need text not null,
  priority text not null,
  basis text not null,
  consent_id {{.UUID}},
  agreement_id {{.UUID}},
  parent_id {{.UUID}},
  exception boolean not null,
  state text not null,
  version bigint not null,
  sequence bigint not null,
  is_open boolean not null,
  to_decide boolean not null,
  before_recall text not null,
  owner_tenant {{.UUID}} not null,
  owner_user {{.UUID}},
  due_at {{.Time}},
  due_for text not null,
  due_since {{.Time}},
  decide_since {{.Time}},
  decide_used bigint not null,
  reason_code text not null,
  by_whom text not null,
  outcome text not null,
  result text not null,
  aftercare text not null,
  redirect_to {{.UUID}},
  starts_local text not null,
  place text not null,
  bring text not null,
  estimate text not null,
  open_slices text not null,
  "grant" text not null,
  wanted text not null,
  card_age_band text not null,
  card_sex text not null,
  card_district text not null,
  card_language text not null,
  card_triage {{.JSON}} not null,
  card_documents integer not null,
  created_at {{.Time}} not null,
  sent_at {{.Time}},
  accepted_at {{.Time}},
  opened_at {{.Time}},
  opened_by {{.UUID}},
  ended_at {{.Time}}
);
--bun:split
create unique index referrals_number on referrals (from_tenant, number);
--bun:split
create unique index referrals_already_open on referrals (from_tenant, person_id, service_id, to_tenant) where is_open and state <> 'draft';
--bun:split
create index referrals_out on referrals (from_tenant, id);
--bun:split
create index referrals_out_open on referrals (from_tenant, id) where is_open;
--bun:split
create index referrals_decide on referrals (from_tenant, id) where to_decide;
--bun:split
create index referrals_in on referrals (to_tenant, id) where sent_at is not null;
--bun:split
create index referrals_in_open on referrals (to_tenant, id) where is_open and sent_at is not null;
--bun:split
create index referrals_in_state on referrals (to_tenant, state, id) where sent_at is not null;
--bun:split
create index referrals_in_number on referrals (to_tenant, number);
--bun:split
create index referrals_receiver_number on referrals (to_tenant, receiver_number) where receiver_number <> '';
--bun:split
create index referrals_person on referrals (person_id, id);
--bun:split
create index referrals_consent on referrals (consent_id) where is_open;
--bun:split
create index referrals_undecided on referrals (sent_at) where state in ('sent', 'acknowledged', 'info_requested');
--bun:split
create index referrals_to_close on referrals (ended_at) where open_slices <> '' and not is_open;
--bun:split
{{.Wall "referrals" "from_tenant = app_tenant() or (to_tenant = app_tenant() and sent_at is not null)"}}
--bun:split
create table referral_slices (
  referral_id {{.UUID}} not null references referrals (id),
  slice text not null,
  from_tenant {{.UUID}} not null,
  payload {{.Bytes}} not null,
  primary key (referral_id, slice)
);
--bun:split
{{.ReadWall "referral_slices" "from_tenant = app_tenant() or exists (select 1 from referrals r where r.id = referral_slices.referral_id and r.to_tenant = app_tenant() and position(',' || referral_slices.slice || ',' in r.open_slices) > 0)" "from_tenant = app_tenant()"}}
--bun:split
create table referral_events (
  referral_id {{.UUID}} not null references referrals (id),
  sequence bigint not null,
  from_tenant {{.UUID}} not null,
  to_tenant {{.UUID}} not null,
  event text not null,
  from_state text not null,
  to_state text not null,
  by_tenant {{.UUID}},
  by_user {{.UUID}},
  by_role text not null,
  at {{.Time}} not null,
  reason_code text not null,
  primary key (referral_id, sequence)
);
--bun:split
{{.Wall "referral_events" "from_tenant = app_tenant() or exists (select 1 from referrals r where r.id = referral_events.referral_id and r.to_tenant = app_tenant() and r.sent_at is not null)"}}
--bun:split
create table referral_notes (
  referral_id {{.UUID}} not null references referrals (id),
  sequence bigint not null,
  kind text not null,
  tenant_id {{.UUID}} not null,
  from_tenant {{.UUID}} not null,
  to_tenant {{.UUID}} not null,
  shared boolean not null,
  sealed {{.Bytes}} not null,
  primary key (referral_id, sequence, kind)
);
--bun:split
{{.ReadWall "referral_notes" "tenant_id = app_tenant() or (shared and from_tenant = app_tenant()) or (shared and exists (select 1 from referrals r where r.id = referral_notes.referral_id and r.to_tenant = app_tenant() and r.open_slices <> ''))" "tenant_id = app_tenant()"}}
--bun:split
create table messages (
  id {{.UUID}} primary key,
  referral_id {{.UUID}} not null references referrals (id),
  from_tenant {{.UUID}} not null,
  to_tenant {{.UUID}} not null,
  by_tenant {{.UUID}} not null,
  by_user {{.UUID}} not null,
  kind text not null,
  sealed {{.Bytes}} not null,
  at {{.Time}} not null
);
--bun:split
create index messages_referral on messages (referral_id, id);
--bun:split
{{.ReadWall "messages" "by_tenant = app_tenant() or from_tenant = app_tenant() or exists (select 1 from referrals r where r.id = messages.referral_id and r.to_tenant = app_tenant() and r.open_slices <> '')" "by_tenant = app_tenant()"}}
--bun:split
create table disclosures (
  referral_id {{.UUID}} not null references referrals (id),
  what text not null,
  user_id {{.UUID}} not null,
  day text not null,
  slice text not null,
  from_tenant {{.UUID}} not null,
  to_tenant {{.UUID}} not null,
  person_id {{.UUID}} not null,
  at {{.Time}} not null,
  primary key (referral_id, what, user_id, day)
);
--bun:split
create index disclosures_person on disclosures (person_id, at);
--bun:split
{{.ReadWall "disclosures" "from_tenant = app_tenant() or to_tenant = app_tenant()" "to_tenant = app_tenant()"}}
