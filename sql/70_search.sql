-- Messages are found by their words, in any language (configuration "simple": no stems, no stop words).

-- Returns the words of the first 100,000 characters of a message. A tsvector of more than 1 MB is an error, for which
-- the message would be refused.
create or replace function words_of(content text) returns tsvector
language sql immutable parallel safe
return to_tsvector('pg_catalog.simple'::regconfig, left(content, 100000));

-- Earlier versions had these functions for what tg_message__publish and tg_message__clean_up do now. They are dropped here,
-- and not in a later migration, because both would write the same rows. "cascade" drops their triggers.
drop function if exists tg_message__store_words, tg_message__remove_words cascade;

-- Returns the query for what somebody has typed: words, "a phrase", or, -not. The last word may be unfinished.
create or replace function search_query(typed text) returns tsquery
language sql immutable parallel safe
return (
  select case when typed ~ '\w$' and query::text like '%''' then (query::text || ':*')::tsquery else query end
  from (values (websearch_to_tsquery('pg_catalog.simple'::regconfig, typed))) as parsed (query)
);

-- Earlier versions had these functions without a reader.
drop function if exists is_in_a_thread(bigint);
delete from chinwag_object where kind = 'function' and name = 'is_in_a_thread';
drop function if exists newest_matches(tsquery, bigint, integer);
drop function if exists search_messages(text, bigint, integer);

-- Returns whether an account sees the thread of a message. Messages of a deleted thread stay stored for a while
-- (65_removal.sql), and nobody sees them.
create or replace function is_visible(message_id bigint, reader integer) returns boolean
language sql stable
-- Not "exists": the planner could put the ids of all messages into a hash table.
return coalesce((
  select public.sees(reader, thread)
  from public.message join public.thread on thread.id = thread_id where message.id = message_id
), false);

-- Returns the ids of the newest messages that match. The index cannot return them newest first: it would have to return
-- all messages with a frequent word. For a rare word, the table would have to be read as a whole from its end. The planner
-- can only guess whether a word is frequent. So this function first looks at the last 500 messages, or as many of them as
-- have 4 MB of words.
create or replace function newest_matches(wanted tsquery, before bigint, most integer, reader integer) returns bigint[]
language plpgsql stable set search_path = pg_catalog, pg_temp
set enable_hashjoin = off set enable_mergejoin = off
as $$
declare
  recent bigint[] := array(
    with recent as (
      select message_id, words, sum(pg_column_size(words)) over (order by message_id desc) as bytes
      from (
        select message_id, words from public.message_words
        where message_id < before order by message_id desc limit 500
      ) as newest
    )
    select message_id from recent
    where bytes < 4000000 and words @@ wanted and public.is_visible(message_id, reader)
    order by message_id desc limit most
  );
begin
  if cardinality(recent) = most then
    return recent;
  end if;
  return array(
    with found as materialized (
      select message_id from public.message_words where words @@ wanted and message_id < before
    )
    select message_id
    from (select message_id from found order by message_id desc offset 0) as newest_first
    where public.is_visible(message_id, reader) limit most
  );
end
$$;

-- Returns 5,000 characters of a text around the first place with what is searched for: the phrase, or else one of the
-- words. To mark the words in the whole of a long text would take longer than to find it.
create or replace function part_with(wanted tsquery, content text) returns text
language plpgsql immutable set search_path = pg_catalog, pg_temp
as $$
declare
  words text[] := array(
    select regexp_replace(word[1], '(\W)', '\\\1', 'g')
    from regexp_matches(querytree(wanted), '''((?:[^'']|'''')+)''', 'g') as word
  );
  place integer;
begin
  if char_length(content) <= 5000 then
    return content;
  end if;
  content := left(content, 100000);
  place := coalesce(
    nullif(regexp_instr(content, '\m' || array_to_string(words, '\W+'), 1, 1, 0, 'i'), 0),
    regexp_instr(content, '\m(?:' || array_to_string(words, '|') || ')', 1, 1, 0, 'i')
  );
  return substr(content, greatest(1, place - 300), 5000);
end
$$;

-- Returns the newest messages that match and that an account sees, each with an excerpt in which each match is between
-- U+E000 and U+E001. A server of an earlier version names no reader, and may show all.
create or replace function search_messages(typed text, before bigint, most integer, reader integer default null)
returns table (
  message bigint, thread_id bigint, title text, seq bigint, role text, created_at timestamptz, excerpt text
)
language plpgsql stable set search_path = pg_catalog, pg_temp
as $$
declare
  wanted tsquery := public.search_query(typed);
  newest bigint[];
begin
  -- A query of which all words are negated cannot use an index, and would match nearly everything.
  if querytree(wanted) in ('', 'T') then
    return;
  end if;
  newest := public.newest_matches(wanted, before, most, reader);
  return query
  select found.id, found.thread_id, thread.title, found.seq, found.role, public.readable(found.created_at),
    -- ts_headline() would leave out what looks like a tag, so "<" is replaced before it and put back after it.
    replace(ts_headline(
      'simple',
      replace(translate(public.part_with(wanted, found.content), u&'\E000\E001\E002', ''), '<', u&' \E002'),
      wanted,
      u&'StartSel=\E000, StopSel=\E001, MaxWords=24, MinWords=12, ShortWord=0'
    ), u&' \E002', '<')
  from public.message as found
  join public.thread on thread.id = found.thread_id
  where found.id = any (newest)
  order by found.id desc;
end
$$;

-- Servers of earlier versions call this function.
-- Returns the ids of the threads whose title contains what is typed, in upper or lower case. Titles have no index, because
-- each message would have to update it when it updates its thread. So only the 10,000 threads with the newest activity are
-- searched.
create or replace function threads_titled(typed text) returns setof bigint
language sql stable parallel safe rows 100
begin atomic
  select id
  from (select id, title from thread order by updated_at desc, id desc limit 10000) as recent
  where strpos(lower(title), lower(typed)) > 0;
end;
