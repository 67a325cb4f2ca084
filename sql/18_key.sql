-- A key is how a program signs in as a bot account. The program holds a secret, of which the row has only the hash. A key
-- is revoked by deleting its row: the servers are notified (85_key.sql) and close its WebSockets.

create table if not exists account_key (
  id bigint generated always as identity primary key,
  account_id integer not null references account on delete cascade,
  name text not null
    constraint key_name_is_visible check (name ~ '\S')
    constraint key_name_is_at_most_100_characters check (char_length(name) <= 100),
  key_hash bytea not null
    constraint key_hash_is_sha_256 check (octet_length(key_hash) = 32),
  created_at timestamptz not null default clock_timestamp(),
  used_at timestamptz, -- null: never
  created_by integer references account on delete set null, -- null: the command line
  constraint key_hash_is_unique unique (key_hash)
);

create index if not exists account_key_by_account on account_key (account_id);
create index if not exists account_key_by_creator on account_key (created_by);
