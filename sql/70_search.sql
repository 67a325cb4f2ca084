-- How messages are found: by their words, whatever the language (configuration "simple": no stems, no stop words).

-- The words of a message. Of its first 100,000 characters only: a tsvector of over 1 MB is an error, and the
-- message would be refused for it.
create or replace function searchable(content text) returns tsvector
language sql immutable parallel safe
return to_tsvector('pg_catalog.simple'::regconfig, left(content, 100000));

-- New words are put on a list, which is merged into the index when it is full: the shorter it is, the shorter
-- does the unlucky insert wait that has to merge it.
create index if not exists message_by_words on message
  using gin (searchable(content)) with (gin_pending_list_limit = 256);

-- What is searched for, as people type it: words, "a phrase", or, -not. The last word may be unfinished.
create or replace function search_query(typed text) returns tsquery
language sql immutable parallel safe
return (
  select case when typed ~ '\w$' and query::text like '%''' then (query::text || ':*')::tsquery else query end
  from (values (websearch_to_tsquery('pg_catalog.simple'::regconfig, typed))) as parsed (query)
);

-- The ids of the newest messages that match. An index cannot give them newest first: of a frequent word it would
-- have to give all. And the table, read from its end, would have to be read as a whole for a rare one. Which it
-- is, the last 500 messages tell, by their first 1,000 characters; the planner can only guess.
create or replace function newest_matches(wanted tsquery, before bigint, most integer) returns bigint[]
language plpgsql stable set search_path = pg_catalog, public, pg_temp
as $$
begin
  if most <= (
    select count(*)
    from (select content from public.message where id < before order by id desc limit 500) as recent
    where public.searchable(left(content, 1000)) @@ wanted
  ) then
    return array(
      select id
      from (select id, content from public.message where id < before order by id desc limit 500) as recent
      where public.searchable(content) @@ wanted
      order by id desc limit most
    );
  end if;
  return array(
    with found as materialized (
      select id from public.message where public.searchable(content) @@ wanted and id < before
    )
    select id from found order by id desc limit most
  );
end
$$;

-- The newest messages that match, each with an excerpt in which what matches stands between U+E000 and U+E001.
create or replace function search_messages(typed text, before bigint, most integer)
returns table (
  message bigint, thread_id bigint, title text, seq bigint, role text, created_at timestamptz, excerpt text
)
language plpgsql stable set search_path = pg_catalog, public, pg_temp
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
  select found.id, found.thread_id, thread.title, found.seq, found.role, found.created_at,
    -- ts_headline() would leave out what looks like a tag, so there is no "<" where it looks.
    replace(ts_headline(
      'simple', replace(translate(left(found.content, 100000), u&'\E000\E001\E002', ''), '<', u&' \E002'), wanted,
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
