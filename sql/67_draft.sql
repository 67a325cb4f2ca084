-- Drafts: replies that are being written. What is added to them is notified only; it carries an ordinal, so that a reader
-- knows when it lacks something, and then gets the whole text.

-- Returns the first ordinal of an attempt to write a reply. Whatever a former owner of the request still tells has a lower
-- ordinal, and is dropped as a repeat.
create or replace function draft_ordinal(attempt bigint) returns bigint
language sql immutable parallel safe
return attempt * 1000000000;

-- Returns the frame that tells the whole text of a draft. Where it is too long for NOTIFY, it is told without the text,
-- and the servers read the table.
create or replace function draft_frame(
  thread_id bigint, reply_to bigint, author integer, ordinal bigint, content text, failure text, most_bytes integer
) returns text
language sql stable parallel safe
begin atomic
  select case when octet_length(whole) < most_bytes then whole else frame('draft', json_build_object(
    'thread_id', draft_frame.thread_id, 'reply_to', draft_frame.reply_to, 'author', draft_frame.author,
    'ordinal', draft_frame.ordinal
  )) end
  from (
    select frame('draft', json_strip_nulls(json_build_object(
      'thread_id', draft_frame.thread_id, 'reply_to', draft_frame.reply_to, 'author', draft_frame.author,
      'ordinal', draft_frame.ordinal, 'text', draft_frame.content, 'failure', draft_frame.failure
    ))) as whole
  ) as frames;
end;

-- Tells that no reply to these messages is under way any more, and forgets their drafts.
create or replace function tg_reply_request__end_drafts() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off
as $$
begin
  -- In the order in which the servers save drafts. Otherwise the two could deadlock.
  if (select count(*) from ended_request) > 1 then
    perform from public.draft
    where message_id in (select message_id from ended_request) order by message_id for update;
  end if;
  delete from public.draft using ended_request as ended where draft.message_id = ended.message_id;
  perform public.notify_frame(ended.thread_id, 0::bigint, public.frame('draft.end'::text, json_build_object(
    'thread_id', ended.thread_id, 'reply_to', ended.message_id
  )))
  from ended_request as ended
  where (ended.attempt > 0 or ended.failure is not null) and ended.thread_id is not null;
  return null;
end
$$;

create or replace trigger reply_request_10_end_drafts
  after delete on reply_request referencing old table as ended_request
  for each statement execute function tg_reply_request__end_drafts();
