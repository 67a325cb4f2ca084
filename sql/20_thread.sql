-- A thread is a conversation, which people read as "chat". Its row is locked while a message gets its number, which orders
-- the thread.

create table if not exists thread (
  id bigint generated always as identity primary key,
  title text not null default 'New chat'
    constraint title_is_not_empty check (title ~ '\S')
    constraint title_is_at_most_200_characters check (char_length(title) <= 200),
  last_seq bigint not null default 0
    constraint last_seq_is_not_negative check (last_seq >= 0),
  created_at timestamptz not null default clock_timestamp(),
  updated_at timestamptz not null default clock_timestamp(),
  owner integer references account on delete set null
);

alter table thread add column if not exists pinned boolean not null default false; -- the first version did not have it

-- The list of threads is read with the newest activity first, and continued from (updated_at, id).
create index if not exists thread_by_activity on thread (updated_at desc, id desc);
-- The few threads that are pinned are read in the same way.
create index if not exists pinned_thread_by_activity on thread (updated_at desc, id desc) where pinned;
