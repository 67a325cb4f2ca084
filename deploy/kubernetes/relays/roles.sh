#!/bin/sh
# Run once by the image of PostgreSQL in each new directory of a relay: the role that the relay owns its database with, and the one
# by which servers listen, which can do nothing else.
set -eu
psql --set=ON_ERROR_STOP=1 --set=owner="$RELAY_PASSWORD" --set=listener="$LISTENER_PASSWORD" --username="$POSTGRES_USER" \
    --dbname=postgres <<'SQL'
create role relay_owner login password :'owner' in role pg_create_subscription;
create database chinwag_relay owner relay_owner;
create role chinwag_listener login password :'listener';
revoke connect on database chinwag_relay from public;
grant connect on database chinwag_relay to chinwag_listener;
SQL
