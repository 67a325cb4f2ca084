-- The tables of a relay: a PostgreSQL that gets each message of the primary by logical replication, notifies its own
-- listeners of it (60_notify.sql beside this file), and keeps nothing. They have the columns of the primary's tables, without
-- constraints and indexes, because no row is ever stored in them.

alter default privileges revoke execute on functions from public;

create table message (
  id bigint,
  thread_id bigint,
  seq bigint,
  role text,
  content text,
  client_id uuid,
  reply_to bigint,
  created_at timestamptz,
  author integer,
  written_by text,
  event text,
  subject integer,
  asks_for_reply boolean,
  ended text,
  replaces bigint,
  version integer
);

create table relay_beat (
  nonce text,
  written_at timestamptz
);
