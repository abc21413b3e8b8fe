alter table tenants add column version bigint not null default 1;
--bun:split
alter table tenants add column mark text not null default '';
--bun:split
alter table tenants add column languages text not null default 'ar,fr,en';
--bun:split
alter table tenants add column notice_ar text not null default '';
--bun:split
alter table tenants add column notice_fr text not null default '';
--bun:split
alter table tenants add column notice_en text not null default '';
--bun:split
alter table tenants add column authorisation text not null default '';
--bun:split
alter table tenants add column idle_minutes integer not null default 15;
--bun:split
alter table tenants add column second_factor boolean not null default false;
