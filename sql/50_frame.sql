-- The JSON of messages that goes over the wire is made here, and the payload that has it. The trigger, the replay and the
-- repair all call these functions. A relay (sql/relay) has this file, too, so nothing here may use another table than message.

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

-- Returns a frame: the exact JSON text that is sent to a browser.
create or replace function frame(type text, data json) returns text
language sql stable parallel safe
return '{"type":' || to_json(type) || ',"data":' || data || '}';

-- Returns the payload for a frame. NOTIFY takes less than 8,000 bytes, and the numbers before the frame need up to 40. So a
-- frame of 7,950 bytes or more is left out, and the receiver reads the row.
create or replace function payload(thread_id bigint, seq bigint, frame text) returns text
language sql stable parallel safe
return thread_id || ' ' || seq || case when octet_length(frame) < 7950 then ' ' || frame else '' end;

-- Notifies the servers of a payload.
create or replace function notify_servers(payload text) returns void
language sql
return pg_notify('chinwag', payload);

-- Notifies the servers of one frame.
create or replace function notify_frame(thread_id bigint, seq bigint, frame text) returns void
language plpgsql set search_path = pg_catalog, pg_temp
as $$
begin
  perform public.notify_servers(public.payload(thread_id, seq, frame));
end
$$;
