#!/bin/bash
# Makes the role that migrates and its database, when Postgres makes its data folder.
set -euo pipefail
password=$(cat /run/secrets/migrator_password)
psql --no-psqlrc --quiet --set=ON_ERROR_STOP=1 --username "${POSTGRES_USER:-postgres}" --dbname postgres <<SQL
set log_statement = 'none';
set log_min_duration_statement = -1;
set password_encryption = 'scram-sha-256';
create role paddock_migrator login createrole password '$password';
create database paddock owner paddock_migrator;
SQL
