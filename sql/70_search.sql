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

-- The newest messages that match, each with an excerpt in which what matches stands between U+E000 and U+E001.
-- force_custom_plan: for a rare word the index is read, for a frequent one the table from its end; a plan that
-- is made for any word would read a million rows for one of them.
create or replace function search_messages(typed text, before bigint, most integer)
returns table (
  message bigint, thread_id bigint, title text, seq bigint, role text, created_at timestamptz, excerpt text
)
language plpgsql stable set search_path = pg_catalog, public, pg_temp set plan_cache_mode = force_custom_plan
as $$
declare
  wanted tsquery := public.search_query(typed);
begin
  -- What only says what is not wanted is of no use to an index, and would find nearly everything.
  if querytree(wanted) in ('', 'T') then
    return;
  end if;
  return query
  select found.id, found.thread_id, thread.title, found.seq, found.role, found.created_at,
    -- ts_headline() would leave out what looks like a tag, so there is no "<" where it looks.
    replace(ts_headline(
      'simple', replace(translate(left(found.content, 100000), u&'\E000\E001\E002', ''), '<', u&' \E002'), wanted,
      u&'StartSel=\E000, StopSel=\E001, MaxWords=24, MinWords=12, ShortWord=0'
    ), u&' \E002', '<')
  from (
    select m.* from public.message as m
    where public.searchable(m.content) @@ wanted and m.id < before
    order by m.id desc limit most
  ) as found
  join public.thread on thread.id = found.thread_id
  order by found.id desc;
end
$$;
