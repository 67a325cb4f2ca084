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
  owner integer references account on delete set null,
  pinned boolean not null default false,
  is_open boolean, -- everybody sees an open thread; null, in rows of earlier versions: it is open if it has no owner
  direct_key text, -- in a direct thread: the ids of its people in order, with commas between them
  persons integer not null default 0, -- the number of members that are persons
  has_bot boolean not null default false, -- whether a bot is a member that answers
  was_left boolean not null default false, -- whether somebody has ever ceased to see it
  constraint direct_thread_is_unique unique (direct_key),
  constraint direct_thread_is_not_open check (direct_key is null or is_open is not true)
);

-- The list of threads is read with the newest activity first, and continued from (updated_at, id).
create index if not exists thread_by_activity on thread (updated_at desc, id desc);
-- So are those that everybody sees. Of the others, people read their own, which are found by their memberships.
create index if not exists open_thread_by_activity on thread (updated_at desc, id desc) where is_open;
-- The few threads that are pinned are read in the same way.
create index if not exists pinned_thread_by_activity on thread (updated_at desc, id desc) where pinned;
