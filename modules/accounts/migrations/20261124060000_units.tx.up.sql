alter table units add column version bigint not null default 1;
