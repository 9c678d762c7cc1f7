#!/bin/sh
# Runs once, when the image of PostgreSQL makes the database: the owner of the tables, and two accounts of the pods.
#
# The pods use hsc_blue; hsc_green waits. `secrets.sh rotate database` gives the other one a new password and moves the
# pods to it, so that both work while the pods restart. Each acts as hsc, so the tables have one owner.
set -eu

# The server's own settings, in the order psql reads them: the password is quoted by psql, not by this script.
psql --quiet --no-psqlrc --set ON_ERROR_STOP=1 --username postgres --dbname postgres \
  --set "password=$(cat /run/secrets/database_password)" <<'SQL'
CREATE ROLE hsc NOLOGIN;
CREATE ROLE hsc_blue LOGIN PASSWORD :'password' IN ROLE hsc;
CREATE ROLE hsc_green NOLOGIN IN ROLE hsc;
ALTER ROLE hsc_blue SET role TO hsc;
ALTER ROLE hsc_green SET role TO hsc;
CREATE DATABASE hsc OWNER hsc;
REVOKE ALL ON DATABASE hsc FROM PUBLIC;
SQL
psql --quiet --no-psqlrc --set ON_ERROR_STOP=1 --username postgres --dbname hsc \
  --command 'ALTER SCHEMA public OWNER TO hsc'
