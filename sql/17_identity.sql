-- An identity is how an OpenID provider names a person: the provider never gives the same subject to another one
-- (OpenID Connect Core 1.0, section 2). An e-mail address may be given to another one, and so is no identity.

create table if not exists identity (
  id bigint generated always as identity primary key,
  issuer text not null,
  subject text not null,
  account_id integer not null references account on delete cascade,
  created_at timestamptz not null default clock_timestamp(),
  constraint identity_is_of_one_account unique (issuer, subject)
);

create index if not exists identity_by_account on identity (account_id);
