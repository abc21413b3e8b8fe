create index agreement_sharing_pair on agreement_sharing (from_tenant, to_tenant);
