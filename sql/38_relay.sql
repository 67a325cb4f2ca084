-- A relay (sql/relay) gets each row that is inserted here by logical replication, and notifies its listeners. A beat is a row
-- that is written for this alone, so that servers know that they hear what is committed.
create table if not exists relay_beat (
  nonce text primary key
    constraint nonce_is_at_most_100_bytes check (octet_length(nonce) <= 100),
  written_at timestamptz not null default clock_timestamp()
);
