-- The JSON that goes over the wire is made here. The trigger, the replay and the repair all call these functions.

-- Returns a moment within the range that clients can read, the years 1 to 9999. Rows of earlier versions may be outside
-- of it.
create or replace function readable(moment timestamptz) returns timestamptz
language sql immutable parallel safe
return least(greatest(moment, '0001-01-02 00:00:00+00'), '9999-12-30 23:59:59.999999+00');

-- Returns a moment in ISO 8601 and in UTC, whatever the TimeZone and the DateStyle of the session are.
create or replace function wire_time(moment timestamptz) returns text
language sql stable parallel safe
return to_char(readable(moment) at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"');

-- Returns a message as the JSON object that clients get. It is one expression without a query, so that PostgreSQL can
-- inline it. It is called for each message, and row_to_json() would take twice as long. What there is not of the
-- fields that few messages have is left out, because each byte goes to each reader.
create or replace function message_json(m message) returns json
language sql stable parallel safe
return (
  '{"id":' || m.id || ',"thread_id":' || m.thread_id || ',"seq":' || m.seq || ',"role":"' || m.role
  || '","content":' || to_json(m.content) || ',"created_at":"' || wire_time(m.created_at)
  || '","client_id":' || coalesce(to_json(m.client_id)::text, 'null')
  || ',"reply_to":' || coalesce(m.reply_to::text, 'null')
  || case when m.author is null then '' else ',"author":' || m.author end
  || case when m.written_by is null then '' else ',"written_by":' || to_json(m.written_by) end
  || case when m.role = 'system' then
    ',"event":' || coalesce(to_json(m.event)::text, 'null') || ',"subject":' || coalesce(m.subject::text, 'null')
  else '' end
  || case when m.ended is null then '' else ',"ended":"' || m.ended || '"' end
  || case when m.replaces is null then '' else ',"replaces":' || m.replaces || ',"version":' || m.version end || '}'
)::json;

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

-- Returns a frame: the exact JSON text that is sent to a browser.
create or replace function frame(type text, data json) returns text
language sql stable parallel safe
return '{"type":' || to_json(type) || ',"data":' || data || '}';
