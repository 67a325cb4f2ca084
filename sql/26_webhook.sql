-- A webhook is an address to which a program sends messages for one thread, of which a bot account is the author. The
-- address contains a secret, of which the row has only the hash.

create table if not exists webhook (
  id bigint generated always as identity primary key,
  account_id integer not null references account on delete cascade,
  thread_id bigint not null references thread on delete cascade,
  name text not null
    constraint webhook_name_is_visible check (name ~ '\S')
    constraint webhook_name_is_at_most_100_characters check (char_length(name) <= 100),
  secret_hash bytea not null
    constraint secret_hash_is_sha_256 check (octet_length(secret_hash) = 32),
  created_at timestamptz not null default clock_timestamp(),
  used_at timestamptz, -- null: never
  created_by integer references account on delete set null,
  constraint webhook_secret_is_unique unique (secret_hash)
);

create index if not exists webhook_by_thread on webhook (thread_id);
create index if not exists webhook_by_account on webhook (account_id);
create index if not exists webhook_by_creator on webhook (created_by);
