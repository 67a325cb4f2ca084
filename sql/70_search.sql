-- How messages are found: by their words, whatever the language (configuration "simple": no stems, no stop words).

-- The words of a message. Of its first 100,000 characters only: a tsvector of over 1 MB is an error, and the
-- message would be refused for it.
create or replace function words_of(content text) returns tsvector
language sql immutable parallel safe
return to_tsvector('pg_catalog.simple'::regconfig, left(content, 100000));

-- What did in triggers of their own what tg_message__publish and tg_message__clean_up do now. "cascade" drops the
-- triggers.
drop function if exists tg_message__store_words, tg_message__remove_words cascade;

-- What is searched for, as people type it: words, "a phrase", or, -not. The last word may be unfinished.
create or replace function search_query(typed text) returns tsquery
language sql immutable parallel safe
return (
  select case when typed ~ '\w$' and query::text like '%''' then (query::text || ':*')::tsquery else query end
  from (values (websearch_to_tsquery('pg_catalog.simple'::regconfig, typed))) as parsed (query)
);

-- Whether a message is in a thread. Those of a deleted thread stay stored for a while (65_removal.sql).
create or replace function is_in_a_thread(message_id bigint) returns boolean
language sql stable
-- Not "exists": the planner could put the ids of all messages into a hash table.
return coalesce((
  select true from public.message join public.thread on thread.id = thread_id where message.id = message_id
), false);

-- The ids of the newest messages that match. An index cannot give them newest first: of a frequent word it would
-- have to give all. And the table, read from its end, would have to be read as a whole for a rare one. Which it
-- is, the last 500 messages tell, or as many of them as have 4 MB of words; the planner can only guess.
create or replace function newest_matches(wanted tsquery, before bigint, most integer) returns bigint[]
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
    where bytes < 4000000 and words @@ wanted and public.is_in_a_thread(message_id)
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
    where public.is_in_a_thread(message_id) limit most
  );
end
$$;

-- The part of a text, 5,000 characters of it, in which what is searched for comes first: the phrase, or else one of
-- the words. To mark the words in all of a long text would take longer than to find it.
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

-- The newest messages that match, each with an excerpt in which what matches stands between U+E000 and U+E001.
create or replace function search_messages(typed text, before bigint, most integer)
returns table (
  message bigint, thread_id bigint, title text, seq bigint, role text, created_at timestamptz, excerpt text
)
language plpgsql stable set search_path = pg_catalog, pg_temp
as $$
declare
  wanted tsquery := public.search_query(typed);
  newest bigint[];
begin
  -- What only says what is not wanted is of no use to an index, and would find nearly everything.
  if querytree(wanted) in ('', 'T') then
    return;
  end if;
  newest := public.newest_matches(wanted, before, most);
  return query
  select found.id, found.thread_id, thread.title, found.seq, found.role, public.readable(found.created_at),
    -- ts_headline() would leave out what looks like a tag, so there is no "<" where it looks.
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

-- The ids of the threads whose title contains what is typed, in upper or lower case. Titles have no index, as each
-- message would pay for it by moving its thread: so only the 10,000 threads with the newest activity are looked at.
create or replace function threads_titled(typed text) returns setof bigint
language sql stable parallel safe rows 100
begin atomic
  select id
  from (select id, title from thread order by updated_at desc, id desc limit 10000) as recent
  where strpos(lower(title), lower(typed)) > 0;
end;
