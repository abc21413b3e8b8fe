alter table tenants add column document_quota bigint not null default 107374182400;
