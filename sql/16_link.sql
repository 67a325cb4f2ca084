-- A link is an address that somebody is given, with a secret in it, of which the row has only the hash. Whoever opens it
-- gets an account (`invitation`, and `set_up` for the first administrator), or into theirs (`sign_in`).
--
-- A use is taken while the row is locked, so a link is used as often as it says, on any number of servers. A link counts
-- only while the administrator who has made it is one; links that are made on the command line have no maker.

create table if not exists link (
  id bigint generated always as identity primary key,
  kind text not null
    constraint kind_is_known check (kind in ('invitation', 'sign_in', 'set_up')),
  secret_hash bytea not null
    constraint secret_hash_is_sha_256 check (octet_length(secret_hash) = 32),
  account_id integer references account on delete cascade, -- who signs in with it
  made_by integer references account on delete cascade,
  uses_left integer not null
    constraint uses_left_is_not_negative check (uses_left >= 0),
  created_at timestamptz not null default clock_timestamp(),
  expires_at timestamptz not null,
  constraint secret_hash_is_unique unique (secret_hash),
  constraint only_a_sign_in_link_is_for_an_account check ((kind = 'sign_in') = (account_id is not null))
);

create index if not exists link_by_account on link (account_id);
create index if not exists link_by_maker on link (made_by);
