-- A session is a browser in which a person is signed in. The browser holds a secret, of which the row has only the hash:
-- whoever reads this table, or a copy of it, cannot sign in with what is in it.
--
-- A session ends when its row is deleted, which happens at expires_at, and earlier if it was not used for idle_days. The servers are notified (80_session.sql) and close its WebSockets.

create table if not exists session (
  id bigint generated always as identity primary key,
  account_id integer not null references account on delete cascade,
  token_hash bytea not null
    constraint token_hash_is_sha_256 check (octet_length(token_hash) = 32),
  device text not null default ''
    constraint device_is_at_most_300_characters check (char_length(device) <= 300),
  created_at timestamptz not null default clock_timestamp(),
  used_at timestamptz not null default clock_timestamp(),
  expires_at timestamptz not null,
  idle_days integer not null
    constraint idle_days_are_positive check (idle_days > 0),
  constraint token_hash_is_unique unique (token_hash)
);

create index if not exists session_by_account on session (account_id);

-- The recent attempts to sign in, which all servers count together: one row for the account that was named and one for
-- the address. Rows are deleted when they are older than the limits look back.
create table if not exists sign_in_attempt (
  id bigint generated always as identity primary key,
  key text not null,
  attempted_at timestamptz not null default clock_timestamp()
);

create index if not exists recent_sign_in_attempt on sign_in_attempt (key, attempted_at);
