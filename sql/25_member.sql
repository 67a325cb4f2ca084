-- A thread that is not open is seen by its members: persons and bots. What happens to a membership becomes a row of the
-- thread, too (62_member.sql).

create table if not exists member (
  thread_id bigint not null references thread on delete cascade,
  account_id integer not null references account on delete cascade,
  created_at timestamptz not null default clock_timestamp(),
  primary key (account_id, thread_id)
);

create index if not exists member_by_thread on member (thread_id);

-- How far an account has read a thread, and of what it wants to be notified. Who has no row has not read in the thread,
-- which can only be an open one.
create table if not exists read_mark (
  thread_id bigint not null references thread on delete cascade,
  account_id integer not null references account on delete cascade,
  read_seq bigint not null default 0
    constraint read_seq_is_not_negative check (read_seq >= 0),
  level text not null default 'everything'
    constraint level_is_everything_mentions_or_nothing check (level in ('everything', 'mentions', 'nothing')),
  primary key (account_id, thread_id)
);

create index if not exists read_mark_by_thread on read_mark (thread_id);

-- The messages that mention an account that saw their thread. Rows stay as long as their message.
create table if not exists mention (
  thread_id bigint not null,
  account_id integer not null references account on delete cascade,
  seq bigint not null,
  primary key (account_id, thread_id, seq)
);

create index if not exists mention_by_message on mention (thread_id, seq);
