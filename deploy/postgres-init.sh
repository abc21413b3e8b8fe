#!/bin/sh
# An ordinary role that owns its database: row-level security binds it.
set -eu
psql -v ON_ERROR_STOP=1 -v password="$SHUBBAK_DB_PASSWORD" --username "$POSTGRES_USER" <<'SQL'
create role shubbak login nosuperuser nobypassrls password :'password';
create database shubbak owner shubbak;
SQL
