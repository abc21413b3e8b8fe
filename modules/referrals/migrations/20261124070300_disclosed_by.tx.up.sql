alter table disclosures add column role text not null default '';
