-- Who sees a thread, and whom a message mentions.

-- Returns whether an account sees a thread. Null stands for whoever sees all.
-- It is called for each message that is stored, and each page that is read. PostgreSQL does not inline a function in SQL that
-- has a query, and would plan that query for each statement; one in PL/pgSQL keeps the plan.
create or replace function sees(reader integer, t thread) returns boolean
language plpgsql stable parallel safe
as $$
begin
  if coalesce(t.is_open, t.owner is null) or reader is null then
    return true;
  end if;
  return exists (select from public.member where member.account_id = reader and member.thread_id = t.id);
end
$$;

-- Returns whether a thread is small: private, with 2 to 12 persons. Its members see how far each of them has read it.
create or replace function is_small(t thread) returns boolean
language sql immutable parallel safe
return not coalesce(t.is_open, t.owner is null) and t.persons between 2 and 12;

-- Returns what people see as the name of an account.
create or replace function name_of(account_id integer) returns text
language sql stable parallel safe
return coalesce(
  (select coalesce(display_name, username) from account where id = account_id), 'A deleted account'
);

-- Returns whether there is at most one person who could take part in an open thread.
create or replace function has_one_person() returns boolean
language sql stable parallel safe
return (select count(*) from (select from account where active and not is_bot limit 2) as two) < 2;

-- Returns the names after "@" in a text, each once: 50 at most, so that nobody fills the table of mentions with one message.
create or replace function handles_in(content text) returns setof text
language sql immutable parallel safe rows 5
begin atomic
  select distinct found[1]
  from (
    select found from regexp_matches(
      lower(content), '(?<![\w@./-])@([a-z0-9](?:[a-z0-9._-]{0,30}[a-z0-9])?)(?![\w@])', 'g'
    ) as matches (found)
    limit 50
  ) as first;
end;

-- Returns the accounts that a message mentions and that see its thread.
create or replace function mentioned_in(thread_id bigint, content text) returns table (account_id integer, answers boolean)
language sql stable parallel safe rows 5
begin atomic
  select account.id, account.answers
  from handles_in(content) as handle join account on username = handle and active
  where (select sees(account.id, thread) from thread where id = mentioned_in.thread_id);
end;

-- Returns whether a message mentions a bot that answers and that sees its thread.
create or replace function mentions_bot(thread_id bigint, content text) returns boolean
language sql stable parallel safe
return exists (select from mentioned_in(thread_id, content) as mentioned where mentioned.answers);

-- Returns the bot that a message asks: the one that it mentions first, or else the one that has been in the thread for the
-- longest time. Null stands for the default bot of the server that will answer.
create or replace function bot_asked(thread_id bigint, content text) returns integer
language plpgsql stable parallel safe
as $$
declare
  asked integer;
begin
  if position('@' in content) > 0 then
    select mentioned.account_id into asked
    from public.mentioned_in(bot_asked.thread_id, bot_asked.content) as mentioned
    join public.account on account.id = mentioned.account_id
    where mentioned.answers order by position('@' || account.username in lower(bot_asked.content)) limit 1;
  end if;
  if asked is null then
    select member.account_id into asked
    from public.member join public.account on account.id = member.account_id
    where member.thread_id = bot_asked.thread_id and account.answers and account.active
    order by member.created_at, account.id limit 1;
  end if;
  return asked;
end
$$;

-- Returns how many messages of a thread mention an account, of those that it has not read.
create or replace function mentions_after(thread_id bigint, reader integer, read_seq bigint) returns bigint
language sql stable parallel safe
return (
  select count(*) from mention
  where mention.account_id = reader and mention.thread_id = mentions_after.thread_id
    and seq > coalesce(mentions_after.read_seq, 0)
);

-- Returns the account on whose behalf the transaction changes threads and memberships; null in plain SQL. A server sets it
-- with set_config('chinwag.account', …, true).
create or replace function acting_account() returns integer
language sql stable
return nullif(current_setting('chinwag.account', true), '')::integer;
