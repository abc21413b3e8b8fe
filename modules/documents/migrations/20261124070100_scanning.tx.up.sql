create index documents_quarantined on documents (tenant_id, created_at) where state = 'quarantined';
