-- The JSON of threads, and of what an account has read in them.

-- Returns the beginning of the newest message of a thread; null if the thread has no message. app/chinwag/frames.py cuts
-- the content of a frame at the same length.
create or replace function thread_preview(t thread) returns text
language sql stable parallel safe
return (select left(content, 120) from message where thread_id = t.id and seq = t.last_seq);

-- Returns a thread as the JSON object that all clients get that see it.
create or replace function thread_json(t thread) returns json
language sql stable parallel safe
return (
  select row_to_json(fields) from (
    select t.id, t.title, t.last_seq, wire_time(t.created_at) as created_at,
           wire_time(t.updated_at) as updated_at, t.owner, t.pinned, thread_preview(t) as preview,
           coalesce(t.is_open, t.owner is null) as open,
           string_to_array(t.direct_key, ',')::integer[] as direct
  ) as fields
);

-- Returns a thread as the JSON object for one account that sees it, with what the account has read of it.
create or replace function thread_json_for(t thread, reader integer) returns json
language sql stable parallel safe
return (
  select (thread_json(t)::jsonb || to_jsonb(own))::json
  from (
    select mark.read_seq, greatest(t.last_seq - mark.read_seq, 0) as unread,
           mentions_after(t.id, reader, mark.read_seq) as mentions, coalesce(mark.level, 'everything') as level
    from (values (t.id)) as this (id) left join read_mark as mark on mark.thread_id = this.id and account_id = reader
  ) as own
);

-- Returns what the devices of an account are told when it has read in a thread or was mentioned in it. It is null if the
-- account does not see the thread.
create or replace function read_json(thread_id bigint, reader integer) returns json
language sql stable parallel safe
return (
  select row_to_json(fields) from (
    select t.id as thread_id, mark.read_seq, t.last_seq,
           mentions_after(t.id, reader, mark.read_seq) as mentions, coalesce(mark.level, 'everything') as level
    from thread as t left join read_mark as mark on mark.thread_id = t.id and mark.account_id = reader
    where t.id = read_json.thread_id and sees(reader, t)
  ) as fields
);
