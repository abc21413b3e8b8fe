-- What a party declares of its obligations, and from which it was freed (domain.md §3).
create table agreement_measures (
  id {{.UUID}} primary key,
  agreement_id {{.UUID}} not null references agreements (id),
  obligation_id {{.UUID}} not null,
  on_day text not null,
  value double precision not null,
  evidence text not null,
  document_id {{.UUID}},
  by_tenant {{.UUID}} not null,
  by_user {{.UUID}} not null,
  at {{.Time}} not null,
  signed_tenant {{.UUID}},
  signed_user {{.UUID}},
  signed_at {{.Time}},
  refused_reason text not null
);
--bun:split
create index agreement_measures_agreement on agreement_measures (agreement_id, obligation_id, id);
--bun:split
{{.Wall "agreement_measures" "exists (select 1 from agreement_parties p where p.agreement_id = agreement_measures.agreement_id and p.tenant_id = app_tenant())"}}
--bun:split
create table agreement_waivers (
  agreement_id {{.UUID}} not null references agreements (id),
  obligation_id {{.UUID}} not null,
  reason text not null,
  by_tenant {{.UUID}} not null,
  by_user {{.UUID}} not null,
  at {{.Time}} not null,
  primary key (agreement_id, obligation_id)
);
--bun:split
{{.Wall "agreement_waivers" "exists (select 1 from agreement_parties p where p.agreement_id = agreement_waivers.agreement_id and p.tenant_id = app_tenant())"}}
