CREATE FUNCTION public.acting_account() RETURNS integer
    LANGUAGE sql STABLE
    RETURN (NULLIF(current_setting('chinwag.account'::text, true), ''::text))::integer;
CREATE FUNCTION public.bot_asked(thread_id bigint, content text) RETURNS integer
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    AS $$
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
CREATE TABLE public.account (
    id integer NOT NULL,
    username character varying(100) NOT NULL,
    password character varying(255) NOT NULL,
    first_name character varying(255),
    last_name character varying(255),
    email character varying(255) NOT NULL,
    active boolean DEFAULT false NOT NULL,
    admin boolean DEFAULT false NOT NULL,
    superuser boolean DEFAULT false NOT NULL,
    last_login timestamp without time zone,
    display_name text,
    is_bot boolean DEFAULT false NOT NULL,
    answers boolean DEFAULT false NOT NULL,
    CONSTRAINT display_name_is_at_most_100_characters CHECK ((char_length(display_name) <= 100)),
    CONSTRAINT display_name_is_visible CHECK ((display_name ~ '\S'::text))
);
CREATE TABLE public.member (
    thread_id bigint NOT NULL,
    account_id integer NOT NULL,
    created_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL
);
CREATE TABLE public.thread (
    id bigint NOT NULL,
    title text DEFAULT 'New chat'::text NOT NULL,
    last_seq bigint DEFAULT 0 NOT NULL,
    created_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    updated_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    owner integer,
    pinned boolean DEFAULT false NOT NULL,
    is_open boolean,
    direct_key text,
    persons integer DEFAULT 0 NOT NULL,
    has_bot boolean DEFAULT false NOT NULL,
    was_left boolean DEFAULT false NOT NULL,
    CONSTRAINT direct_thread_is_not_open CHECK (((direct_key IS NULL) OR (is_open IS NOT TRUE))),
    CONSTRAINT last_seq_is_not_negative CHECK ((last_seq >= 0)),
    CONSTRAINT title_is_at_most_200_characters CHECK ((char_length(title) <= 200)),
    CONSTRAINT title_is_not_empty CHECK ((title ~ '\S'::text))
);
CREATE FUNCTION public.count_members(thread bigint) RETURNS void
    LANGUAGE sql
    BEGIN ATOMIC
 UPDATE public.thread SET persons = counted.persons, has_bot = counted.has_bot
    FROM ( SELECT count(*) FILTER (WHERE (NOT account.is_bot)) AS persons,
             COALESCE(bool_or((account.answers AND account.active)), false) AS has_bot
            FROM (public.member
              JOIN public.account ON ((account.id = member.account_id)))
           WHERE (member.thread_id = count_members.thread)) counted
   WHERE (thread.id = count_members.thread);
END;
CREATE FUNCTION public.frame(type text, data json) RETURNS text
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN (((('{"type":'::text || to_json(type)) || ',"data":'::text) || data) || '}'::text);
CREATE FUNCTION public.draft_frame(thread_id bigint, reply_to bigint, author integer, ordinal bigint, content text, failure text, most_bytes integer) RETURNS text
    LANGUAGE sql STABLE PARALLEL SAFE
    BEGIN ATOMIC
 SELECT
         CASE
             WHEN (octet_length(frames.whole) < draft_frame.most_bytes) THEN frames.whole
             ELSE public.frame('draft'::text, json_build_object('thread_id', draft_frame.thread_id, 'reply_to', draft_frame.reply_to, 'author', draft_frame.author, 'ordinal', draft_frame.ordinal))
         END AS frame
    FROM ( SELECT public.frame('draft'::text, json_strip_nulls(json_build_object('thread_id', draft_frame.thread_id, 'reply_to', draft_frame.reply_to, 'author', draft_frame.author, 'ordinal', draft_frame.ordinal, 'text', draft_frame.content, 'failure', draft_frame.failure))) AS whole) frames;
END;
CREATE FUNCTION public.draft_ordinal(attempt bigint) RETURNS bigint
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN (attempt * 1000000000);
CREATE FUNCTION public.grant_rights() RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
begin
  if not exists (
    select from pg_namespace where nspname = 'public' and pg_get_userbyid(nspowner) = 'chinwag_owner'
  ) then
    return;
  end if;
  grant select on chinwag_object, member, mention, message, message_words, migration, read_mark, removed_thread,
    reply_request, thread
  to chinwag_server;
  grant insert (thread_id, account_id), delete on member to chinwag_server;
  grant insert, update (read_seq, level) on read_mark to chinwag_server;
  grant select (id, username, password, email, active, admin, display_name, is_bot, answers, last_login),
    insert (username, password, email, active, admin, display_name, is_bot, answers),
    update (username, password, email, active, admin, display_name, last_login), delete
  on account to chinwag_server;
  grant usage on sequence account_id_seq to chinwag_server;
  grant select, insert (account_id, token_hash, device, expires_at, idle_days), update (used_at), delete on session
  to chinwag_server;
  grant select, insert (kind, secret_hash, account_id, made_by, uses_left, expires_at), update (uses_left), delete on link
  to chinwag_server;
  grant select, insert (issuer, subject, account_id) on identity to chinwag_server;
  grant select, insert (key), delete on sign_in_attempt to chinwag_server;
  grant select, insert (account_id, name, key_hash, created_by), update (used_at), delete on account_key
  to chinwag_server;
  grant select, insert (account_id, thread_id, name, secret_hash, created_by), update (used_at), delete on webhook
  to chinwag_server;
  grant insert, delete, update (title, pinned, is_open) on thread to chinwag_server;
  grant insert (thread_id, role, content, client_id, reply_to, author, ended, replaces) on message to chinwag_server;
  grant insert (message_id, thread_id, bot, replaces, attempt),
    update (claimed_by, claimed_until, thread_id, attempt, crashes, stop, failure) on reply_request to chinwag_server;
  grant select, insert, update, delete on draft to chinwag_server;
  grant execute on function
    draft_frame, draft_ordinal, frame, has_one_person, is_small, is_usable, is_valid, is_visible, mentions_after,
    message_json, name_of, newest_matches, notify_frame, notify_servers, part_with, payload, read_json, readable,
    remove_messages, search_messages, search_query, sees, thread_json, thread_json_for, thread_preview, threads_titled,
    title_of, wire_time
  to chinwag_server;
  grant insert (thread_id, role, content, client_id, reply_to, author, replaces) on message to chinwag_producer;
end
$$;
CREATE FUNCTION public.handles_in(content text) RETURNS SETOF text
    LANGUAGE sql IMMUTABLE ROWS 5 PARALLEL SAFE
    BEGIN ATOMIC
 SELECT DISTINCT first.found[1] AS found
    FROM ( SELECT matches.found
            FROM regexp_matches(lower(handles_in.content), '(?<![\w@./-])@([a-z0-9](?:[a-z0-9._-]{0,30}[a-z0-9])?)(?![\w@])'::text, 'g'::text) matches(found)
          LIMIT 50) first;
END;
CREATE FUNCTION public.has_one_person() RETURNS boolean
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN ((SELECT count(*) AS count FROM (SELECT FROM public.account WHERE (account.active AND (NOT account.is_bot)) LIMIT 2) two) < 2);
CREATE FUNCTION public.is_small(t public.thread) RETURNS boolean
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN ((NOT COALESCE((t).is_open, ((t).owner IS NULL))) AND (((t).persons >= 2) AND ((t).persons <= 12)));
CREATE TABLE public.link (
    id bigint NOT NULL,
    kind text NOT NULL,
    secret_hash bytea NOT NULL,
    account_id integer,
    made_by integer,
    uses_left integer NOT NULL,
    created_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    CONSTRAINT kind_is_known CHECK ((kind = ANY (ARRAY['invitation'::text, 'sign_in'::text, 'set_up'::text]))),
    CONSTRAINT only_a_sign_in_link_is_for_an_account CHECK (((kind = 'sign_in'::text) = (account_id IS NOT NULL))),
    CONSTRAINT secret_hash_is_sha_256 CHECK ((octet_length(secret_hash) = 32)),
    CONSTRAINT uses_left_is_not_negative CHECK ((uses_left >= 0))
);
CREATE FUNCTION public.is_usable(l public.link) RETURNS boolean
    LANGUAGE sql STABLE
    RETURN (((l).uses_left > 0) AND ((l).expires_at > now()) AND (((l).made_by IS NULL) OR (EXISTS (SELECT FROM public.account WHERE ((account.id = (is_usable.l).made_by) AND account.active AND account.admin)))));
CREATE TABLE public.session (
    id bigint NOT NULL,
    account_id integer NOT NULL,
    token_hash bytea NOT NULL,
    device text DEFAULT ''::text NOT NULL,
    created_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    used_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    idle_days integer NOT NULL,
    CONSTRAINT device_is_at_most_300_characters CHECK ((char_length(device) <= 300)),
    CONSTRAINT idle_days_are_positive CHECK ((idle_days > 0)),
    CONSTRAINT token_hash_is_sha_256 CHECK ((octet_length(token_hash) = 32))
);
CREATE FUNCTION public.is_valid(s public.session) RETURNS boolean
    LANGUAGE sql STABLE
    RETURN (((s).expires_at > now()) AND ((s).used_at > (now() - make_interval(days => (s).idle_days))) AND (SELECT account.active FROM public.account WHERE (account.id = (is_valid.s).account_id)));
CREATE FUNCTION public.sees(reader integer, t public.thread) RETURNS boolean
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    AS $$
begin
  if coalesce(t.is_open, t.owner is null) or reader is null then
    return true;
  end if;
  return exists (select from public.member where member.account_id = reader and member.thread_id = t.id);
end
$$;
CREATE TABLE public.message (
    id bigint NOT NULL,
    thread_id bigint NOT NULL,
    seq bigint NOT NULL,
    role text DEFAULT 'user'::text NOT NULL,
    content text NOT NULL,
    client_id uuid,
    reply_to bigint,
    created_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    author integer,
    written_by text,
    event text,
    subject integer,
    asks_for_reply boolean,
    ended text,
    replaces bigint,
    version integer,
    CONSTRAINT content_is_at_most_1_megabyte CHECK ((octet_length(content) <= 1000000)),
    CONSTRAINT content_is_not_empty CHECK ((content ~ '\S'::text)),
    CONSTRAINT ended_is_stopped_or_cut CHECK ((ended = ANY (ARRAY['stopped'::text, 'cut'::text]))),
    CONSTRAINT event_is_known CHECK ((event = ANY (ARRAY['added'::text, 'joined'::text, 'left'::text, 'removed'::text, 'renamed'::text, 'opened'::text, 'closed'::text]))),
    CONSTRAINT event_is_of_a_system_message CHECK (((event IS NULL) OR (role = 'system'::text))),
    CONSTRAINT message_replaces_an_earlier_one CHECK ((replaces < seq)),
    CONSTRAINT role_is_user_assistant_or_system CHECK ((role = ANY (ARRAY['user'::text, 'assistant'::text, 'system'::text]))),
    CONSTRAINT seq_is_positive CHECK ((seq >= 1))
);
CREATE FUNCTION public.is_visible(message_id bigint, reader integer) RETURNS boolean
    LANGUAGE sql STABLE
    RETURN COALESCE((SELECT public.sees(is_visible.reader, thread.*) AS sees FROM (public.message JOIN public.thread ON ((thread.id = message.thread_id))) WHERE (message.id = is_visible.message_id)), false);
CREATE FUNCTION public.mentioned_in(thread_id bigint, content text) RETURNS TABLE(account_id integer, answers boolean)
    LANGUAGE sql STABLE ROWS 5 PARALLEL SAFE
    BEGIN ATOMIC
 SELECT account.id,
     account.answers
    FROM (public.handles_in(mentioned_in.content) handle(handle)
      JOIN public.account ON ((((account.username)::text = handle.handle) AND account.active)))
   WHERE ( SELECT public.sees(account.id, thread.*) AS sees
            FROM public.thread
           WHERE (thread.id = mentioned_in.thread_id));
END;
CREATE TABLE public.mention (
    thread_id bigint NOT NULL,
    account_id integer NOT NULL,
    seq bigint NOT NULL
);
CREATE FUNCTION public.mentions_after(thread_id bigint, reader integer, read_seq bigint) RETURNS bigint
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN (SELECT count(*) AS count FROM public.mention WHERE ((mention.account_id = mentions_after.reader) AND (mention.thread_id = mentions_after.thread_id) AND (mention.seq > COALESCE(mentions_after.read_seq, (0)::bigint))));
CREATE FUNCTION public.mentions_bot(thread_id bigint, content text) RETURNS boolean
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN (EXISTS (SELECT FROM public.mentioned_in(mentions_bot.thread_id, mentions_bot.content) mentioned(account_id, answers) WHERE mentioned.answers));
CREATE FUNCTION public.readable(moment timestamp with time zone) RETURNS timestamp with time zone
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN LEAST(GREATEST(moment, '0001-01-02 00:00:00+00'::timestamp with time zone), '9999-12-30 23:59:59.999999+00'::timestamp with time zone);
CREATE FUNCTION public.wire_time(moment timestamp with time zone) RETURNS text
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN to_char((public.readable(moment) AT TIME ZONE 'UTC'::text), 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'::text);
CREATE FUNCTION public.message_json(m public.message) RETURNS json
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN (((((((((((((((((((((('{"id":'::text || (m).id) || ',"thread_id":'::text) || (m).thread_id) || ',"seq":'::text) || (m).seq) || ',"role":"'::text) || (m).role) || '","content":'::text) || to_json((m).content)) || ',"created_at":"'::text) || public.wire_time((m).created_at)) || '","client_id":'::text) || COALESCE((to_json((m).client_id))::text, 'null'::text)) || ',"reply_to":'::text) || COALESCE(((m).reply_to)::text, 'null'::text)) || CASE WHEN ((m).author IS NULL) THEN ''::text ELSE (',"author":'::text || (m).author) END) || CASE WHEN ((m).written_by IS NULL) THEN ''::text ELSE (',"written_by":'::text || to_json((m).written_by)) END) || CASE WHEN ((m).role = 'system'::text) THEN (((',"event":'::text || COALESCE((to_json((m).event))::text, 'null'::text)) || ',"subject":'::text) || COALESCE(((m).subject)::text, 'null'::text)) ELSE ''::text END) || CASE WHEN ((m).ended IS NULL) THEN ''::text ELSE ((',"ended":"'::text || (m).ended) || '"'::text) END) || CASE WHEN ((m).replaces IS NULL) THEN ''::text ELSE (((',"replaces":'::text || (m).replaces) || ',"version":'::text) || (m).version) END) || '}'::text))::json;
CREATE FUNCTION public.name_of(account_id integer) RETURNS text
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN COALESCE((SELECT COALESCE(account.display_name, (account.username)::text) AS "coalesce" FROM public.account WHERE (account.id = name_of.account_id)), 'A deleted account'::text);
CREATE FUNCTION public.newest_matches(wanted tsquery, before bigint, most integer, reader integer) RETURNS bigint[]
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET enable_hashjoin TO 'off'
    SET enable_mergejoin TO 'off'
    AS $$
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
CREATE FUNCTION public.next_version(m public.message) RETURNS integer
    LANGUAGE sql STABLE
    RETURN (SELECT (COALESCE(former.version, 1) + 1) FROM public.message former WHERE ((former.thread_id = (next_version.m).thread_id) AND (former.seq = (next_version.m).replaces) AND (former.role = (next_version.m).role) AND CASE (next_version.m).role WHEN 'assistant'::text THEN (former.reply_to = (next_version.m).reply_to) WHEN 'user'::text THEN ((former.author = (next_version.m).author) AND (former.seq >= ((next_version.m).seq - 1000)) AND (NOT (EXISTS (SELECT FROM public.message later WHERE ((later.thread_id = (next_version.m).thread_id) AND (later.seq > former.seq) AND (later.author = (next_version.m).author) AND (later.role = 'user'::text)))))) ELSE NULL::boolean END));
CREATE FUNCTION public.notify_account_change(account_id integer, is_public boolean) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  perform public.notify_frame(
    0::bigint, 0::bigint,
    public.frame('account.changed'::text, json_build_object('id', account_id, 'public', is_public))
  );
end
$$;
CREATE FUNCTION public.notify_frame(thread_id bigint, seq bigint, frame text) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  perform public.notify_servers(public.payload(thread_id, seq, frame));
end
$$;
CREATE FUNCTION public.notify_read(thread_id bigint, account_id integer) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  perform public.notify_frame(
    thread_id, 0::bigint,
    public.frame('thread.read'::text, json_build_object('thread_id', thread_id, 'account_id', account_id))
  );
end
$$;
CREATE FUNCTION public.notify_servers(payload text) RETURNS void
    LANGUAGE sql
    RETURN pg_notify('chinwag'::text, payload);
CREATE FUNCTION public.part_with(wanted tsquery, content text) RETURNS text
    LANGUAGE plpgsql IMMUTABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
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
CREATE FUNCTION public.payload(thread_id bigint, seq bigint, frame text) RETURNS text
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN (((thread_id || ' '::text) || seq) || CASE WHEN (octet_length(frame) < 7950) THEN (' '::text || frame) ELSE ''::text END);
CREATE TABLE public.read_mark (
    thread_id bigint NOT NULL,
    account_id integer NOT NULL,
    read_seq bigint DEFAULT 0 NOT NULL,
    level text DEFAULT 'everything'::text NOT NULL,
    CONSTRAINT level_is_everything_mentions_or_nothing CHECK ((level = ANY (ARRAY['everything'::text, 'mentions'::text, 'nothing'::text]))),
    CONSTRAINT read_seq_is_not_negative CHECK ((read_seq >= 0))
);
CREATE FUNCTION public.read_json(thread_id bigint, reader integer) RETURNS json
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN (SELECT row_to_json(fields.*) AS row_to_json FROM (SELECT t.id AS thread_id, mark.read_seq, t.last_seq, public.mentions_after(t.id, read_json.reader, mark.read_seq) AS mentions, COALESCE(mark.level, 'everything'::text) AS level FROM (public.thread t LEFT JOIN public.read_mark mark ON (((mark.thread_id = t.id) AND (mark.account_id = read_json.reader)))) WHERE ((t.id = read_json.thread_id) AND public.sees(read_json.reader, t.*))) fields);
CREATE FUNCTION public.remove_messages(most integer) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET enable_seqscan TO 'off'
    SET enable_hashjoin TO 'off'
    SET enable_mergejoin TO 'off'
    AS $$
declare
  removed bigint;
  rest bigint; -- the highest seq that is left for the next call
begin
  select thread_id into removed from public.removed_thread
  order by removed_at limit 1 for update skip locked;
  if not found then
    return false;
  end if;
  select seq into rest from public.message where thread_id = removed order by seq desc offset most limit 1;
  delete from public.message where thread_id = removed and seq > coalesce(rest, 0);
  if rest is null then
    delete from public.removed_thread where thread_id = removed;
  end if;
  return true;
end
$$;
CREATE FUNCTION public.say(thread_id bigint, event text, content text) RETURNS void
    LANGUAGE sql
    BEGIN ATOMIC
 INSERT INTO public.message (thread_id, role, content, author, event)
   VALUES (say.thread_id, 'system'::text, say.content, public.acting_account(), say.event);
END;
CREATE FUNCTION public.search_messages(typed text, before bigint, most integer, reader integer DEFAULT NULL::integer) RETURNS TABLE(message bigint, thread_id bigint, title text, seq bigint, role text, created_at timestamp with time zone, excerpt text)
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
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
CREATE FUNCTION public.search_query(typed text) RETURNS tsquery
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN (SELECT CASE WHEN ((search_query.typed ~ '\w$'::text) AND ((parsed.query)::text ~~ '%'''::text)) THEN (((parsed.query)::text || ':*'::text))::tsquery ELSE parsed.query END AS query FROM (VALUES (websearch_to_tsquery('simple'::regconfig, search_query.typed))) parsed(query));
CREATE FUNCTION public.tg_account__leave() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  delete from public.member where account_id = old.id;
  return old;
end
$$;
CREATE FUNCTION public.tg_account__publish() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  if tg_op = 'UPDATE'
    and (not new.active or (new.password <> old.password and new.password like 'pbkdf2%'))
  then
    delete from public.session where account_id = new.id;
  end if;
  perform public.notify_account_change(
    coalesce(new.id, old.id),
    tg_op <> 'UPDATE' or new.username <> old.username or new.display_name is distinct from old.display_name
      or new.active <> old.active or new.admin <> old.admin
  );
  return null;
end
$$;
CREATE FUNCTION public.tg_account__recount() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  -- In the order of ids, as other statements lock several threads.
  perform from public.thread
  where id in (select thread_id from public.member where account_id = new.id) order by id for no key update;
  perform public.count_members(thread_id) from public.member where account_id = new.id;
  return null;
end
$$;
CREATE FUNCTION public.tg_account_key__publish() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  perform public.notify_account_change(account_id, false)
  from (select distinct account_id from revoked_key) as revoked;
  return null;
end
$$;
CREATE FUNCTION public.tg_member__publish() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET enable_seqscan TO 'off'
    SET enable_hashjoin TO 'off'
    SET enable_mergejoin TO 'off'
    AS $$
declare
  own public.thread;
  actor integer := public.acting_account();
  by_actor text := public.name_of(actor);
begin
  -- Two statements that change the same threads lock them in the same order, so they cannot deadlock. A thread that is not
  -- there is being deleted.
  for own in
    select * from public.thread where id in (select thread_id from changed_member) order by id for no key update
  loop
    perform public.count_members(own.id);
    with changed as (
      select account_id, is_bot, public.name_of(account_id) as name, row_number() over () as place
      from changed_member join public.account on account.id = account_id
      where thread_id = own.id
    ), told as (
      insert into public.message (thread_id, role, content, author, event, subject)
      select own.id, 'system', case
          when account_id = actor then name || ' ' || event || '.'
          when actor is null then name || ' was ' || event || '.'
          else by_actor || ' ' || event || ' ' || name || '.'
        end, actor, event, account_id
      from changed cross join lateral (
        select case when tg_op = 'INSERT' then case when account_id = actor then 'joined' else 'added' end
          else case when account_id = actor then 'left' else 'removed' end end as event
      ) as said
      where own.direct_key is null
        and not (tg_op = 'INSERT' and account_id is not distinct from own.owner and own.persons = 0)
        and not (own.last_seq = 0 and is_bot)
      order by place
      returning subject, seq
    )
    insert into public.read_mark (thread_id, account_id, read_seq)
    select own.id, account_id, coalesce(told.seq, own.last_seq) from changed left join told on subject = account_id
    where tg_op = 'INSERT'
    on conflict do nothing;
    if tg_op = 'DELETE' then
      update public.thread set was_left = true where id = own.id;
      delete from public.reply_request
      where thread_id = own.id and (
        not (select has_bot from public.thread where id = own.id)
        or bot in (select account_id from changed_member where thread_id = own.id)
      );
    end if;
  end loop;
  return null;
end
$$;
CREATE FUNCTION public.tg_member__refuse_change() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  raise exception 'members are added by INSERT and removed by DELETE: % is not allowed', tg_op
    using errcode = 'restrict_violation', table = 'member', constraint = 'membership_is_immutable';
end
$$;
CREATE FUNCTION public.tg_mention__publish() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  perform public.notify_read(thread_id, account_id)
  from (select distinct thread_id, account_id from new_mention) as mentioned;
  return null;
end
$$;
CREATE FUNCTION public.tg_message__clean_up() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET enable_seqscan TO 'off'
    SET enable_hashjoin TO 'off'
    SET enable_mergejoin TO 'off'
    AS $$
begin
  delete from public.message_words using removed_message where message_id = removed_message.id;
  delete from public.reply_request using removed_message where message_id = removed_message.id;
  delete from public.mention using removed_message
  where mention.thread_id = removed_message.thread_id and mention.seq = removed_message.seq;
  return null;
end
$$;
CREATE FUNCTION public.tg_message__give_title() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  -- tg_message__publish updates last_seq, too, but later. This update already notifies the lists of threads.
  update public.thread set title = public.title_of(new.content), last_seq = greatest(last_seq, new.seq)
  where id = new.thread_id and title = 'New chat' and public.title_of(new.content) is not null;
  return null;
end
$$;
CREATE FUNCTION public.tg_message__number() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET enable_seqscan TO 'off'
    AS $$
declare
  newest timestamptz;
  may_be_gone boolean; -- somebody who has seen this thread
  server uuid; -- the server that writes, if it has claimed requests for replies
begin
  -- The lock is held until the end of the transaction: a transaction that gets the next number commits after this one,
  -- or this one was rolled back.
  -- thread.last_seq and updated_at are updated once per statement (tg_message__publish). To update them for each row
  -- would leave one dead version of the thread per row, and a burst would take quadratic time. So the newest row that
  -- this statement may have inserted already is looked up, too: it is the last entry of an index.
  select greatest(thread.last_seq, own.seq) + 1, greatest(thread.updated_at, own.created_at),
    thread.was_left and not coalesce(thread.is_open, thread.owner is null),
    new.role = 'user' and case when thread.is_open is not false then public.has_one_person()
      else thread.has_bot and thread.persons <= 1 end,
    case when new.author is null then session_user end
  into new.seq, newest, may_be_gone, new.asks_for_reply, new.written_by
  from public.thread left join lateral (
    select message.seq, message.created_at from public.message
    where message.thread_id = thread.id and message.seq > thread.last_seq order by message.seq desc limit 1
  ) as own on true
  where thread.id = new.thread_id for no key update of thread;
  if not found then
    raise exception 'there is no thread %', new.thread_id
      using errcode = 'foreign_key_violation', table = 'message', constraint = 'thread_exists';
  end if;
  -- What follows can be seen for certain only while the lock is held. A condition that has a query is nested in one that
  -- has none, because PL/pgSQL starts the executor for the whole of a condition, also where its first part is false.
  if new.client_id is not null then
    -- "on conflict" would come too late: the repeat would have used up a number.
    if exists (select from public.message where thread_id = new.thread_id and client_id = new.client_id) then
      return null;
    end if;
  end if;
  -- A server has looked already whether the author sees the thread (app/chinwag/chat/store.py), but the author may have
  -- been removed meanwhile, and nothing of theirs may follow after the removal. Plain SQL writes for any account.
  if may_be_gone and new.role = 'user' and public.written_by_server() then
    if not exists (select from public.member where account_id = new.author and thread_id = new.thread_id)
      and not exists (select from public.webhook where account_id = new.author and thread_id = new.thread_id)
    then
      return null;
    end if;
  end if;
  new.version := null;
  if new.replaces is not null then
    if exists (select from public.message where thread_id = new.thread_id and replaces = new.replaces) then
      if new.role = 'assistant' then
        return null; -- this version is stored already
      end if;
    else
      new.version := public.next_version(new);
    end if;
    if new.version is null then
      raise exception 'message % of thread % cannot be replaced by this one', new.replaces, new.thread_id
        using errcode = 'check_violation', table = 'message', constraint = 'replaced_message_is_the_newest_of_its_author',
              hint = 'People replace the newest message that they have written, and bots their newest reply to a message.';
    end if;
  end if;
  if new.reply_to is not null then
    if new.replaces is null and exists (
      select from public.message where reply_to = new.reply_to and replaces is null
    ) then
      return null;
    end if;
    if not exists (select from public.message where id = new.reply_to and thread_id = new.thread_id) then
      raise exception 'message % is not in thread %', new.reply_to, new.thread_id
        using errcode = 'foreign_key_violation', table = 'message', constraint = 'replied_message_exists';
    end if;
    -- The requests for a bot's replies are deleted when it is removed. And a server that was paused may have lost its
    -- claim: then another server writes this reply. The row is locked, so that nobody claims it now. A bot that does not
    -- see the thread does not write in it.
    if new.role = 'assistant' and public.written_by_server() then
      server := nullif(current_setting('chinwag.server', true), '')::uuid; -- former versions of the server do not set it
      perform from public.reply_request
      where message_id = new.reply_to and replaces is not distinct from new.replaces
        and (server is null or claimed_by = server)
        and (select public.sees(new.author, thread) from public.thread where id = new.thread_id)
      for update;
      if not found then
        return null;
      end if;
    end if;
  end if;
  -- The bot is asked by each message of a person who is alone with it, and else by those that mention it.
  if position('@' in new.content) > 0 and new.role = 'user' and not new.asks_for_reply then
    new.asks_for_reply := public.mentions_bot(new.thread_id, new.content);
  end if;
  if new.asks_for_reply and new.author is not null then
    new.asks_for_reply := not coalesce((select is_bot from public.account where id = new.author), false);
  end if;
  new.id := nextval('public.message_id_seq');
  new.created_at := clock_timestamp();
  -- The clock may have been set back: then the message gets the time of the newest one. If that time is more than a day
  -- ahead it is wrong, and is not used: all later messages would keep it.
  if newest > new.created_at and newest < new.created_at + interval '1 day' then
    new.created_at := newest;
  end if;
  return new;
end
$$;
CREATE FUNCTION public.tg_message__publish() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET enable_seqscan TO 'off'
    SET enable_hashjoin TO 'off'
    SET enable_mergejoin TO 'off'
    AS $$
begin
  -- greatest(): a trigger that somebody has added may have written more messages already.
  update public.thread
  set last_seq = greatest(thread.last_seq, written.last_seq), updated_at = greatest(clock_timestamp(), written.newest)
  from (
    select thread_id, max(seq) as last_seq, max(created_at) as newest from written_message group by thread_id
  ) as written
  where id = written.thread_id;
  insert into public.message_words (message_id, words)
  select id, public.words_of(content) from written_message;
  insert into public.reply_request (message_id, thread_id, bot)
  select w.id, w.thread_id, case when thread.has_bot or position('@' in w.content) > 0
    then public.bot_asked(w.thread_id, w.content) end
  from written_message as w join public.thread on thread.id = w.thread_id
  where w.asks_for_reply
    and (select true from public.message where reply_to = w.id and replaces is null) is null
  order by w.id;
  if exists (select from written_message where position('@' in content) > 0) then
    insert into public.mention (thread_id, account_id, seq)
    select w.thread_id, mentioned.account_id, w.seq
    from written_message as w cross join lateral public.mentioned_in(w.thread_id, w.content) as mentioned
    where position('@' in w.content) > 0 and w.role <> 'system' and mentioned.account_id is distinct from w.author;
  end if;
  perform public.notify_servers(public.payload(thread_id, seq, frame))
  from (
    select thread_id, seq, public.frame('message'::text, public.message_json(row(w.*)::public.message)) as frame
    from written_message as w
    order by thread_id, seq
    offset 0 -- otherwise the frame would be made as often as payload() names it
  ) as written;
  return null;
end
$$;
CREATE FUNCTION public.tg_message__refuse_change() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  if tg_op = 'DELETE' and not exists (select from public.thread where id = old.thread_id) then
    return old; -- its thread was deleted (65_removal.sql)
  end if;
  raise exception 'messages are immutable: % is not allowed', tg_op
    using errcode = 'restrict_violation', table = 'message', constraint = 'message_is_immutable',
          hint = 'Write another message, or delete the thread as a whole.';
end
$$;
CREATE FUNCTION public.tg_message__withdraw_request() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  delete from public.reply_request where message_id = new.reply_to;
  if new.replaces is not null and new.role = 'user' then
    delete from public.reply_request
    where message_id = (select id from public.message where thread_id = new.thread_id and seq = new.replaces);
  end if;
  return null;
end
$$;
CREATE FUNCTION public.tg_read_mark__publish() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  perform public.notify_read(new.thread_id, new.account_id);
  if new.read_seq > coalesce(old.read_seq, 0) then
    perform public.notify_frame(
      thread.id, 0::bigint,
      public.frame('seen'::text, json_build_object(
        'thread_id', thread.id, 'account', new.account_id, 'read_seq', new.read_seq
      ))
    )
    from public.thread
    join public.member on member.thread_id = thread.id and member.account_id = new.account_id
    join public.account on account.id = member.account_id
    where thread.id = new.thread_id and public.is_small(thread) and not account.is_bot;
  end if;
  return null;
end
$$;
CREATE FUNCTION public.tg_reply_request__end_drafts() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET enable_seqscan TO 'off'
    SET enable_hashjoin TO 'off'
    SET enable_mergejoin TO 'off'
    AS $$
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
CREATE FUNCTION public.tg_session__publish() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  perform public.notify_account_change(account_id, false) from (select distinct account_id from ended_session) as ended;
  return null;
end
$$;
CREATE FUNCTION public.tg_thread__add_owner() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  insert into public.member (thread_id, account_id) values (new.id, new.owner);
  return null;
end
$$;
CREATE FUNCTION public.tg_thread__decide() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  new.is_open := coalesce(new.is_open, new.owner is null);
  new.persons := 0;
  new.has_bot := false;
  new.was_left := false;
  return new;
end
$$;
CREATE FUNCTION public.tg_thread__publish() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  everybody_sees boolean;
begin
  if tg_op = 'INSERT' then
    perform public.notify_frame(new.id, 0::bigint, public.frame('thread.created'::text, public.thread_json(new)));
  elsif tg_op = 'UPDATE' then
    perform public.notify_frame(new.id, 0::bigint, public.frame('thread.updated'::text, public.thread_json(new)));
  else
    everybody_sees := coalesce(old.is_open, old.owner is null);
    perform public.notify_frame(
      old.id, 0::bigint, public.frame('thread.deleted'::text, json_build_object('id', old.id, 'members', parts.ids))
    )
    from (
      select case when not everybody_sees then coalesce(
        json_agg(account_id) filter (where account_id is not null), '[]'::json
      ) end as ids
      from (values (0)) as at_least_one (part) full join (
        select account_id, (row_number() over () - 1) / 500 as part
        from public.member where thread_id = old.id and not everybody_sees
      ) as member using (part)
      group by part
    ) as parts;
    return old;
  end if;
  return null;
end
$$;
CREATE FUNCTION public.tg_thread__refuse_change() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  raise exception 'threads keep their ids and are deleted by DELETE: % is not allowed', tg_op
    using errcode = 'restrict_violation', table = 'thread', constraint = 'thread_keeps_its_messages';
end
$$;
CREATE FUNCTION public.tg_thread__refuse_used_id() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  if exists (select from public.message where thread_id = new.id)
    or exists (select from public.removed_thread where thread_id = new.id)
  then
    raise exception 'thread % was deleted, and its messages are still being removed', new.id
      using errcode = 'unique_violation', table = 'thread', constraint = 'thread_id_is_not_used_again';
  end if;
  return null;
end
$$;
CREATE FUNCTION public.tg_thread__remove_messages() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  insert into public.removed_thread (thread_id)
  select old.id where exists (select from public.message where thread_id = old.id)
  on conflict do nothing;
  return null;
end
$$;
CREATE FUNCTION public.tg_thread__say_change() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  actor text := public.name_of(public.acting_account());
  is_known boolean := public.acting_account() is not null;
begin
  if new.title <> old.title and old.title <> 'New chat' and old.last_seq > 0
    and current_setting('chinwag.gives_title', true) is distinct from 'on' -- a bot (app/chinwag/bots/titles.py)
  then
    perform public.say(new.id, 'renamed'::text, case when is_known
      then actor || ' renamed the chat to “' || new.title || '”.'
      else 'The chat was renamed to “' || new.title || '”.' end);
  end if;
  if new.is_open and not old.is_open then
    perform public.say(new.id, 'opened'::text, case when is_known
      then actor || ' opened the chat to everybody.' else 'The chat was opened to everybody.' end);
  elsif old.is_open and not new.is_open then
    update public.thread set was_left = true where id = new.id;
    perform public.say(new.id, 'closed'::text, case when is_known
      then actor || ' closed the chat: now only its members see it.'
      else 'The chat was closed: now only its members see it.' end);
  end if;
  return null;
end
$$;
CREATE FUNCTION public.thread_preview(t public.thread) RETURNS text
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN (SELECT "left"(message.content, 120) AS "left" FROM public.message WHERE ((message.thread_id = (thread_preview.t).id) AND (message.seq = (thread_preview.t).last_seq)));
CREATE FUNCTION public.thread_json(t public.thread) RETURNS json
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN (SELECT row_to_json(fields.*) AS row_to_json FROM (SELECT (thread_json.t).id AS id, (thread_json.t).title AS title, (thread_json.t).last_seq AS last_seq, public.wire_time((thread_json.t).created_at) AS created_at, public.wire_time((thread_json.t).updated_at) AS updated_at, (thread_json.t).owner AS owner, (thread_json.t).pinned AS pinned, public.thread_preview(thread_json.t) AS preview, COALESCE((thread_json.t).is_open, ((thread_json.t).owner IS NULL)) AS open, (string_to_array((thread_json.t).direct_key, ','::text))::integer[] AS direct) fields);
CREATE FUNCTION public.thread_json_for(t public.thread, reader integer) RETURNS json
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN (SELECT (((public.thread_json(thread_json_for.t))::jsonb || to_jsonb(own.*)))::json AS "json" FROM (SELECT mark.read_seq, GREATEST(((thread_json_for.t).last_seq - mark.read_seq), (0)::bigint) AS unread, public.mentions_after((thread_json_for.t).id, thread_json_for.reader, mark.read_seq) AS mentions, COALESCE(mark.level, 'everything'::text) AS level FROM ((VALUES ((thread_json_for.t).id)) this(id) LEFT JOIN public.read_mark mark ON (((mark.thread_id = this.id) AND (mark.account_id = thread_json_for.reader))))) own);
CREATE FUNCTION public.threads_titled(typed text) RETURNS SETOF bigint
    LANGUAGE sql STABLE ROWS 100 PARALLEL SAFE
    BEGIN ATOMIC
 SELECT recent.id
    FROM ( SELECT thread.id,
             thread.title
            FROM public.thread
           ORDER BY thread.updated_at DESC, thread.id DESC
          LIMIT 10000) recent
   WHERE (strpos(lower(recent.title), lower(threads_titled.typed)) > 0);
END;
CREATE FUNCTION public.title_of(content text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN (SELECT CASE WHEN (char_length(lines.line) > 60) THEN (regexp_replace("left"(lines.line, 59), '(\S)\s+\S*$'::text, '\1'::text) || '…'::text) ELSE lines.line END AS line FROM (SELECT lines_1.place, btrim(regexp_replace(regexp_replace(lines_1.line, '^([\s>#*+`~_=|-]+|\d+[.)]\s)+'::text, ''::text), '[\s[:cntrl:]]+|[*`~_]+$'::text, ' '::text, 'g'::text)) AS line FROM regexp_split_to_table("left"(title_of.content, 2000), '[\r\n]+'::text) WITH ORDINALITY lines_1(line, place)) lines WHERE (lines.line <> ''::text) ORDER BY lines.place LIMIT 1);
CREATE FUNCTION public.words_of(content text) RETURNS tsvector
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN to_tsvector('simple'::regconfig, "left"(content, 100000));
CREATE FUNCTION public.written_by_server() RETURNS boolean
    LANGUAGE sql STABLE
    RETURN (NOT (current_setting('chinwag.authors_must_see'::text, true) IS DISTINCT FROM 'on'::text));
CREATE SEQUENCE public.account_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.account_id_seq OWNED BY public.account.id;
CREATE TABLE public.account_key (
    id bigint NOT NULL,
    account_id integer NOT NULL,
    name text NOT NULL,
    key_hash bytea NOT NULL,
    created_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    used_at timestamp with time zone,
    created_by integer,
    CONSTRAINT key_hash_is_sha_256 CHECK ((octet_length(key_hash) = 32)),
    CONSTRAINT key_name_is_at_most_100_characters CHECK ((char_length(name) <= 100)),
    CONSTRAINT key_name_is_visible CHECK ((name ~ '\S'::text))
);
ALTER TABLE public.account_key ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.account_key_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE public.chinwag_object (
    kind text NOT NULL,
    name text NOT NULL
);
CREATE UNLOGGED TABLE public.draft (
    message_id bigint NOT NULL,
    author integer NOT NULL,
    ordinal bigint NOT NULL,
    content text NOT NULL
);
CREATE TABLE public.identity (
    id bigint NOT NULL,
    issuer text NOT NULL,
    subject text NOT NULL,
    account_id integer NOT NULL,
    created_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL
);
ALTER TABLE public.identity ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.identity_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
ALTER TABLE public.link ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.link_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
ALTER TABLE public.message ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.message_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE public.message_words (
    message_id bigint NOT NULL,
    words tsvector NOT NULL
);
CREATE TABLE public.migration (
    id integer NOT NULL,
    name character varying(200) DEFAULT ''::character varying NOT NULL,
    app_name character varying(200) DEFAULT ''::character varying NOT NULL,
    ran_on timestamp without time zone DEFAULT CURRENT_TIMESTAMP NOT NULL
);
CREATE SEQUENCE public.migration_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.migration_id_seq OWNED BY public.migration.id;
CREATE TABLE public.removed_thread (
    thread_id bigint NOT NULL,
    removed_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL
);
CREATE TABLE public.reply_request (
    message_id bigint NOT NULL,
    claimed_by uuid,
    claimed_until timestamp with time zone DEFAULT '-infinity'::timestamp with time zone NOT NULL,
    thread_id bigint,
    bot integer,
    replaces bigint,
    attempt bigint DEFAULT 0 NOT NULL,
    crashes integer DEFAULT 0 NOT NULL,
    stop boolean DEFAULT false NOT NULL,
    failure text
);
ALTER TABLE public.session ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.session_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE public.sign_in_attempt (
    id bigint NOT NULL,
    key text NOT NULL,
    attempted_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL
);
ALTER TABLE public.sign_in_attempt ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.sign_in_attempt_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
ALTER TABLE public.thread ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.thread_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE public.webhook (
    id bigint NOT NULL,
    account_id integer NOT NULL,
    thread_id bigint NOT NULL,
    name text NOT NULL,
    secret_hash bytea NOT NULL,
    created_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    used_at timestamp with time zone,
    created_by integer,
    CONSTRAINT secret_hash_is_sha_256 CHECK ((octet_length(secret_hash) = 32)),
    CONSTRAINT webhook_name_is_at_most_100_characters CHECK ((char_length(name) <= 100)),
    CONSTRAINT webhook_name_is_visible CHECK ((name ~ '\S'::text))
);
ALTER TABLE public.webhook ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.webhook_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
ALTER TABLE ONLY public.account ALTER COLUMN id SET DEFAULT nextval('public.account_id_seq'::regclass);
ALTER TABLE ONLY public.migration ALTER COLUMN id SET DEFAULT nextval('public.migration_id_seq'::regclass);
INSERT INTO public.chinwag_object VALUES ('function', 'acting_account');
INSERT INTO public.chinwag_object VALUES ('function', 'bot_asked');
INSERT INTO public.chinwag_object VALUES ('function', 'count_members');
INSERT INTO public.chinwag_object VALUES ('function', 'draft_frame');
INSERT INTO public.chinwag_object VALUES ('function', 'draft_ordinal');
INSERT INTO public.chinwag_object VALUES ('function', 'frame');
INSERT INTO public.chinwag_object VALUES ('function', 'grant_rights');
INSERT INTO public.chinwag_object VALUES ('function', 'handles_in');
INSERT INTO public.chinwag_object VALUES ('function', 'has_one_person');
INSERT INTO public.chinwag_object VALUES ('function', 'is_small');
INSERT INTO public.chinwag_object VALUES ('function', 'is_usable');
INSERT INTO public.chinwag_object VALUES ('function', 'is_valid');
INSERT INTO public.chinwag_object VALUES ('function', 'is_visible');
INSERT INTO public.chinwag_object VALUES ('function', 'mentioned_in');
INSERT INTO public.chinwag_object VALUES ('function', 'mentions_after');
INSERT INTO public.chinwag_object VALUES ('function', 'mentions_bot');
INSERT INTO public.chinwag_object VALUES ('function', 'message_json');
INSERT INTO public.chinwag_object VALUES ('function', 'name_of');
INSERT INTO public.chinwag_object VALUES ('function', 'newest_matches');
INSERT INTO public.chinwag_object VALUES ('function', 'next_version');
INSERT INTO public.chinwag_object VALUES ('function', 'notify_account_change');
INSERT INTO public.chinwag_object VALUES ('function', 'notify_frame');
INSERT INTO public.chinwag_object VALUES ('function', 'notify_read');
INSERT INTO public.chinwag_object VALUES ('function', 'notify_servers');
INSERT INTO public.chinwag_object VALUES ('function', 'part_with');
INSERT INTO public.chinwag_object VALUES ('function', 'payload');
INSERT INTO public.chinwag_object VALUES ('function', 'read_json');
INSERT INTO public.chinwag_object VALUES ('function', 'readable');
INSERT INTO public.chinwag_object VALUES ('function', 'remove_messages');
INSERT INTO public.chinwag_object VALUES ('function', 'say');
INSERT INTO public.chinwag_object VALUES ('function', 'search_messages');
INSERT INTO public.chinwag_object VALUES ('function', 'search_query');
INSERT INTO public.chinwag_object VALUES ('function', 'sees');
INSERT INTO public.chinwag_object VALUES ('function', 'tg_account__leave');
INSERT INTO public.chinwag_object VALUES ('function', 'tg_account__publish');
INSERT INTO public.chinwag_object VALUES ('function', 'tg_account__recount');
INSERT INTO public.chinwag_object VALUES ('function', 'tg_account_key__publish');
INSERT INTO public.chinwag_object VALUES ('function', 'tg_member__publish');
INSERT INTO public.chinwag_object VALUES ('function', 'tg_member__refuse_change');
INSERT INTO public.chinwag_object VALUES ('function', 'tg_mention__publish');
INSERT INTO public.chinwag_object VALUES ('function', 'tg_message__clean_up');
INSERT INTO public.chinwag_object VALUES ('function', 'tg_message__give_title');
INSERT INTO public.chinwag_object VALUES ('function', 'tg_message__number');
INSERT INTO public.chinwag_object VALUES ('function', 'tg_message__publish');
INSERT INTO public.chinwag_object VALUES ('function', 'tg_message__refuse_change');
INSERT INTO public.chinwag_object VALUES ('function', 'tg_message__withdraw_request');
INSERT INTO public.chinwag_object VALUES ('function', 'tg_read_mark__publish');
INSERT INTO public.chinwag_object VALUES ('function', 'tg_reply_request__end_drafts');
INSERT INTO public.chinwag_object VALUES ('function', 'tg_session__publish');
INSERT INTO public.chinwag_object VALUES ('function', 'tg_thread__add_owner');
INSERT INTO public.chinwag_object VALUES ('function', 'tg_thread__decide');
INSERT INTO public.chinwag_object VALUES ('function', 'tg_thread__publish');
INSERT INTO public.chinwag_object VALUES ('function', 'tg_thread__refuse_change');
INSERT INTO public.chinwag_object VALUES ('function', 'tg_thread__refuse_used_id');
INSERT INTO public.chinwag_object VALUES ('function', 'tg_thread__remove_messages');
INSERT INTO public.chinwag_object VALUES ('function', 'tg_thread__say_change');
INSERT INTO public.chinwag_object VALUES ('function', 'thread_json');
INSERT INTO public.chinwag_object VALUES ('function', 'thread_json_for');
INSERT INTO public.chinwag_object VALUES ('function', 'thread_preview');
INSERT INTO public.chinwag_object VALUES ('function', 'threads_titled');
INSERT INTO public.chinwag_object VALUES ('function', 'title_of');
INSERT INTO public.chinwag_object VALUES ('function', 'wire_time');
INSERT INTO public.chinwag_object VALUES ('function', 'words_of');
INSERT INTO public.chinwag_object VALUES ('function', 'written_by_server');
INSERT INTO public.chinwag_object VALUES ('relation', 'account');
INSERT INTO public.chinwag_object VALUES ('relation', 'account_id_seq');
INSERT INTO public.chinwag_object VALUES ('relation', 'account_key');
INSERT INTO public.chinwag_object VALUES ('relation', 'account_key_by_account');
INSERT INTO public.chinwag_object VALUES ('relation', 'account_key_by_creator');
INSERT INTO public.chinwag_object VALUES ('relation', 'account_key_id_seq');
INSERT INTO public.chinwag_object VALUES ('relation', 'chinwag_object');
INSERT INTO public.chinwag_object VALUES ('relation', 'client_id_is_unique_in_thread');
INSERT INTO public.chinwag_object VALUES ('relation', 'direct_thread_is_unique');
INSERT INTO public.chinwag_object VALUES ('relation', 'draft');
INSERT INTO public.chinwag_object VALUES ('relation', 'identity');
INSERT INTO public.chinwag_object VALUES ('relation', 'identity_by_account');
INSERT INTO public.chinwag_object VALUES ('relation', 'identity_id_seq');
INSERT INTO public.chinwag_object VALUES ('relation', 'identity_is_of_one_account');
INSERT INTO public.chinwag_object VALUES ('relation', 'key_hash_is_unique');
INSERT INTO public.chinwag_object VALUES ('relation', 'link');
INSERT INTO public.chinwag_object VALUES ('relation', 'link_by_account');
INSERT INTO public.chinwag_object VALUES ('relation', 'link_by_maker');
INSERT INTO public.chinwag_object VALUES ('relation', 'link_id_seq');
INSERT INTO public.chinwag_object VALUES ('relation', 'member');
INSERT INTO public.chinwag_object VALUES ('relation', 'member_by_thread');
INSERT INTO public.chinwag_object VALUES ('relation', 'mention');
INSERT INTO public.chinwag_object VALUES ('relation', 'mention_by_message');
INSERT INTO public.chinwag_object VALUES ('relation', 'message');
INSERT INTO public.chinwag_object VALUES ('relation', 'message_has_one_first_reply');
INSERT INTO public.chinwag_object VALUES ('relation', 'message_id_seq');
INSERT INTO public.chinwag_object VALUES ('relation', 'message_is_replaced_once');
INSERT INTO public.chinwag_object VALUES ('relation', 'message_words');
INSERT INTO public.chinwag_object VALUES ('relation', 'message_words_by_word');
INSERT INTO public.chinwag_object VALUES ('relation', 'migration');
INSERT INTO public.chinwag_object VALUES ('relation', 'migration_id_seq');
INSERT INTO public.chinwag_object VALUES ('relation', 'open_thread_by_activity');
INSERT INTO public.chinwag_object VALUES ('relation', 'pinned_thread_by_activity');
INSERT INTO public.chinwag_object VALUES ('relation', 'read_mark');
INSERT INTO public.chinwag_object VALUES ('relation', 'read_mark_by_thread');
INSERT INTO public.chinwag_object VALUES ('relation', 'recent_sign_in_attempt');
INSERT INTO public.chinwag_object VALUES ('relation', 'removed_thread');
INSERT INTO public.chinwag_object VALUES ('relation', 'reply_by_message');
INSERT INTO public.chinwag_object VALUES ('relation', 'reply_request');
INSERT INTO public.chinwag_object VALUES ('relation', 'reply_request_by_thread');
INSERT INTO public.chinwag_object VALUES ('relation', 'reply_request_waiting');
INSERT INTO public.chinwag_object VALUES ('relation', 'secret_hash_is_unique');
INSERT INTO public.chinwag_object VALUES ('relation', 'seq_is_unique_in_thread');
INSERT INTO public.chinwag_object VALUES ('relation', 'session');
INSERT INTO public.chinwag_object VALUES ('relation', 'session_by_account');
INSERT INTO public.chinwag_object VALUES ('relation', 'session_id_seq');
INSERT INTO public.chinwag_object VALUES ('relation', 'sign_in_attempt');
INSERT INTO public.chinwag_object VALUES ('relation', 'sign_in_attempt_id_seq');
INSERT INTO public.chinwag_object VALUES ('relation', 'thread');
INSERT INTO public.chinwag_object VALUES ('relation', 'thread_by_activity');
INSERT INTO public.chinwag_object VALUES ('relation', 'thread_id_seq');
INSERT INTO public.chinwag_object VALUES ('relation', 'token_hash_is_unique');
INSERT INTO public.chinwag_object VALUES ('relation', 'webhook');
INSERT INTO public.chinwag_object VALUES ('relation', 'webhook_by_account');
INSERT INTO public.chinwag_object VALUES ('relation', 'webhook_by_creator');
INSERT INTO public.chinwag_object VALUES ('relation', 'webhook_by_thread');
INSERT INTO public.chinwag_object VALUES ('relation', 'webhook_id_seq');
INSERT INTO public.chinwag_object VALUES ('relation', 'webhook_secret_is_unique');
INSERT INTO public.chinwag_object VALUES ('type', 'account');
INSERT INTO public.chinwag_object VALUES ('type', 'account_key');
INSERT INTO public.chinwag_object VALUES ('type', 'chinwag_object');
INSERT INTO public.chinwag_object VALUES ('type', 'draft');
INSERT INTO public.chinwag_object VALUES ('type', 'identity');
INSERT INTO public.chinwag_object VALUES ('type', 'link');
INSERT INTO public.chinwag_object VALUES ('type', 'member');
INSERT INTO public.chinwag_object VALUES ('type', 'mention');
INSERT INTO public.chinwag_object VALUES ('type', 'message');
INSERT INTO public.chinwag_object VALUES ('type', 'message_words');
INSERT INTO public.chinwag_object VALUES ('type', 'migration');
INSERT INTO public.chinwag_object VALUES ('type', 'read_mark');
INSERT INTO public.chinwag_object VALUES ('type', 'removed_thread');
INSERT INTO public.chinwag_object VALUES ('type', 'reply_request');
INSERT INTO public.chinwag_object VALUES ('type', 'session');
INSERT INTO public.chinwag_object VALUES ('type', 'sign_in_attempt');
INSERT INTO public.chinwag_object VALUES ('type', 'thread');
INSERT INTO public.chinwag_object VALUES ('type', 'webhook');
INSERT INTO public.migration VALUES (1, '2026-11-22T18:00:00:000000', 'chinwag', '2026-11-30 16:34:06.45181');
INSERT INTO public.migration VALUES (2, '2026-11-23T02:00:00:000000', 'chinwag', '2026-11-30 16:34:06.45181');
INSERT INTO public.migration VALUES (3, '2026-11-23T03:30:00:000000', 'chinwag', '2026-11-30 16:34:06.45181');
INSERT INTO public.migration VALUES (4, '2026-11-23T07:00:00:000000', 'chinwag', '2026-11-30 16:34:06.45181');
INSERT INTO public.migration VALUES (5, '2026-11-24T15:00:00:000000', 'chinwag', '2026-11-30 16:34:06.45181');
INSERT INTO public.migration VALUES (6, '2026-11-28T20:00:00:000000', 'chinwag', '2026-11-30 16:34:06.45181');
INSERT INTO public.migration VALUES (7, '2026-11-30T07:00:00:000000', 'chinwag', '2026-11-30 16:34:06.45181');
INSERT INTO public.migration VALUES (8, '2026-11-30T07:30:00:000000', 'chinwag', '2026-11-30 16:34:06.45181');
INSERT INTO public.migration VALUES (9, '2026-11-30T08:00:00:000000', 'chinwag', '2026-11-30 16:34:06.45181');
INSERT INTO public.migration VALUES (10, '2026-11-30T14:00:00:000000', 'chinwag', '2026-11-30 16:34:06.45181');
INSERT INTO public.migration VALUES (11, '2026-11-24T15:00:00:000000', 'chinwag_contract', '2026-11-30 16:34:06.45181');
INSERT INTO public.migration VALUES (12, '2026-11-24T17:30:00:000000', 'chinwag_contract', '2026-11-30 16:34:06.45181');
INSERT INTO public.migration VALUES (13, '2026-11-30T07:10:00:000000', 'chinwag_contract', '2026-11-30 16:34:06.45181');
INSERT INTO public.migration VALUES (14, '2026-11-30T14:10:00:000000', 'chinwag_contract', '2026-11-30 16:34:06.45181');
INSERT INTO public.migration VALUES (15, 'd4d453e1293ddff783549716005c109dc69465bfb394fd8d484b629c816cdbe0', 'chinwag_programs', '2026-11-30 16:34:06.45181');
SELECT pg_catalog.setval('public.account_id_seq', 1, false);
SELECT pg_catalog.setval('public.account_key_id_seq', 1, false);
SELECT pg_catalog.setval('public.identity_id_seq', 1, false);
SELECT pg_catalog.setval('public.link_id_seq', 1, false);
SELECT pg_catalog.setval('public.message_id_seq', 1, false);
SELECT pg_catalog.setval('public.migration_id_seq', 15, true);
SELECT pg_catalog.setval('public.session_id_seq', 1, false);
SELECT pg_catalog.setval('public.sign_in_attempt_id_seq', 1, false);
SELECT pg_catalog.setval('public.thread_id_seq', 1, false);
SELECT pg_catalog.setval('public.webhook_id_seq', 1, false);
ALTER TABLE ONLY public.account
    ADD CONSTRAINT account_email_key UNIQUE (email);
ALTER TABLE ONLY public.account_key
    ADD CONSTRAINT account_key_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.account
    ADD CONSTRAINT account_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.account
    ADD CONSTRAINT account_username_key UNIQUE (username);
ALTER TABLE ONLY public.chinwag_object
    ADD CONSTRAINT chinwag_object_pkey PRIMARY KEY (kind, name);
ALTER TABLE ONLY public.message
    ADD CONSTRAINT client_id_is_unique_in_thread UNIQUE (thread_id, client_id);
ALTER TABLE ONLY public.thread
    ADD CONSTRAINT direct_thread_is_unique UNIQUE (direct_key);
ALTER TABLE ONLY public.draft
    ADD CONSTRAINT draft_pkey PRIMARY KEY (message_id);
ALTER TABLE ONLY public.identity
    ADD CONSTRAINT identity_is_of_one_account UNIQUE (issuer, subject);
ALTER TABLE ONLY public.identity
    ADD CONSTRAINT identity_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.account_key
    ADD CONSTRAINT key_hash_is_unique UNIQUE (key_hash);
ALTER TABLE ONLY public.link
    ADD CONSTRAINT link_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.member
    ADD CONSTRAINT member_pkey PRIMARY KEY (account_id, thread_id);
ALTER TABLE ONLY public.mention
    ADD CONSTRAINT mention_pkey PRIMARY KEY (account_id, thread_id, seq);
ALTER TABLE ONLY public.message
    ADD CONSTRAINT message_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.message_words
    ADD CONSTRAINT message_words_pkey PRIMARY KEY (message_id);
ALTER TABLE ONLY public.migration
    ADD CONSTRAINT migration_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.read_mark
    ADD CONSTRAINT read_mark_pkey PRIMARY KEY (account_id, thread_id);
ALTER TABLE ONLY public.removed_thread
    ADD CONSTRAINT removed_thread_pkey PRIMARY KEY (thread_id);
ALTER TABLE ONLY public.reply_request
    ADD CONSTRAINT reply_request_pkey PRIMARY KEY (message_id);
ALTER TABLE ONLY public.link
    ADD CONSTRAINT secret_hash_is_unique UNIQUE (secret_hash);
ALTER TABLE ONLY public.message
    ADD CONSTRAINT seq_is_unique_in_thread UNIQUE (thread_id, seq);
ALTER TABLE ONLY public.session
    ADD CONSTRAINT session_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.sign_in_attempt
    ADD CONSTRAINT sign_in_attempt_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.thread
    ADD CONSTRAINT thread_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.session
    ADD CONSTRAINT token_hash_is_unique UNIQUE (token_hash);
ALTER TABLE ONLY public.webhook
    ADD CONSTRAINT webhook_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.webhook
    ADD CONSTRAINT webhook_secret_is_unique UNIQUE (secret_hash);
CREATE INDEX account_key_by_account ON public.account_key USING btree (account_id);
CREATE INDEX account_key_by_creator ON public.account_key USING btree (created_by);
CREATE INDEX identity_by_account ON public.identity USING btree (account_id);
CREATE INDEX link_by_account ON public.link USING btree (account_id);
CREATE INDEX link_by_maker ON public.link USING btree (made_by);
CREATE INDEX member_by_thread ON public.member USING btree (thread_id);
CREATE INDEX mention_by_message ON public.mention USING btree (thread_id, seq);
CREATE UNIQUE INDEX message_has_one_first_reply ON public.message USING btree (reply_to) WHERE ((reply_to IS NOT NULL) AND (replaces IS NULL));
CREATE UNIQUE INDEX message_is_replaced_once ON public.message USING btree (thread_id, replaces) WHERE (replaces IS NOT NULL);
CREATE INDEX message_words_by_word ON public.message_words USING gin (words) WITH (gin_pending_list_limit='256');
CREATE INDEX open_thread_by_activity ON public.thread USING btree (updated_at DESC, id DESC) WHERE is_open;
CREATE INDEX pinned_thread_by_activity ON public.thread USING btree (updated_at DESC, id DESC) WHERE pinned;
CREATE INDEX read_mark_by_thread ON public.read_mark USING btree (thread_id);
CREATE INDEX recent_sign_in_attempt ON public.sign_in_attempt USING btree (key, attempted_at);
CREATE INDEX reply_by_message ON public.message USING btree (reply_to) WHERE (reply_to IS NOT NULL);
CREATE INDEX reply_request_by_thread ON public.reply_request USING btree (thread_id, message_id);
CREATE INDEX reply_request_waiting ON public.reply_request USING btree (thread_id, message_id) WHERE (failure IS NULL);
CREATE INDEX session_by_account ON public.session USING btree (account_id);
CREATE INDEX thread_by_activity ON public.thread USING btree (updated_at DESC, id DESC);
CREATE INDEX webhook_by_account ON public.webhook USING btree (account_id);
CREATE INDEX webhook_by_creator ON public.webhook USING btree (created_by);
CREATE INDEX webhook_by_thread ON public.webhook USING btree (thread_id);
CREATE TRIGGER account_05_leave BEFORE DELETE ON public.account FOR EACH ROW EXECUTE FUNCTION public.tg_account__leave();
CREATE TRIGGER account_10_publish AFTER INSERT OR DELETE OR UPDATE OF username, password, active, admin, display_name, is_bot ON public.account FOR EACH ROW EXECUTE FUNCTION public.tg_account__publish();
CREATE TRIGGER account_10_recount AFTER UPDATE OF active ON public.account FOR EACH ROW WHEN ((new.answers AND (old.active <> new.active))) EXECUTE FUNCTION public.tg_account__recount();
CREATE TRIGGER account_key_10_publish AFTER DELETE ON public.account_key REFERENCING OLD TABLE AS revoked_key FOR EACH STATEMENT EXECUTE FUNCTION public.tg_account_key__publish();
CREATE TRIGGER member_10_publish AFTER INSERT ON public.member REFERENCING NEW TABLE AS changed_member FOR EACH STATEMENT EXECUTE FUNCTION public.tg_member__publish();
CREATE TRIGGER member_10_publish_removal AFTER DELETE ON public.member REFERENCING OLD TABLE AS changed_member FOR EACH STATEMENT EXECUTE FUNCTION public.tg_member__publish();
CREATE TRIGGER member_20_refuse_change BEFORE UPDATE ON public.member FOR EACH ROW EXECUTE FUNCTION public.tg_member__refuse_change();
CREATE TRIGGER member_20_refuse_truncate BEFORE TRUNCATE ON public.member FOR EACH STATEMENT EXECUTE FUNCTION public.tg_member__refuse_change();
CREATE TRIGGER mention_10_publish AFTER INSERT ON public.mention REFERENCING NEW TABLE AS new_mention FOR EACH STATEMENT EXECUTE FUNCTION public.tg_mention__publish();
CREATE TRIGGER message_10_number BEFORE INSERT ON public.message FOR EACH ROW EXECUTE FUNCTION public.tg_message__number();
CREATE TRIGGER message_20_give_title AFTER INSERT ON public.message FOR EACH ROW WHEN ((new.seq = 1)) EXECUTE FUNCTION public.tg_message__give_title();
CREATE TRIGGER message_20_refuse_change BEFORE DELETE OR UPDATE ON public.message FOR EACH ROW EXECUTE FUNCTION public.tg_message__refuse_change();
CREATE TRIGGER message_20_refuse_truncate BEFORE TRUNCATE ON public.message FOR EACH STATEMENT EXECUTE FUNCTION public.tg_message__refuse_change();
CREATE TRIGGER message_30_clean_up AFTER DELETE ON public.message REFERENCING OLD TABLE AS removed_message FOR EACH STATEMENT EXECUTE FUNCTION public.tg_message__clean_up();
CREATE TRIGGER message_30_publish AFTER INSERT ON public.message REFERENCING NEW TABLE AS written_message FOR EACH STATEMENT EXECUTE FUNCTION public.tg_message__publish();
CREATE TRIGGER message_30_withdraw_request AFTER INSERT ON public.message FOR EACH ROW WHEN (((new.reply_to IS NOT NULL) OR (new.replaces IS NOT NULL))) EXECUTE FUNCTION public.tg_message__withdraw_request();
CREATE TRIGGER read_mark_10_publish AFTER INSERT OR UPDATE ON public.read_mark FOR EACH ROW EXECUTE FUNCTION public.tg_read_mark__publish();
CREATE TRIGGER reply_request_10_end_drafts AFTER DELETE ON public.reply_request REFERENCING OLD TABLE AS ended_request FOR EACH STATEMENT EXECUTE FUNCTION public.tg_reply_request__end_drafts();
CREATE TRIGGER session_10_publish AFTER DELETE ON public.session REFERENCING OLD TABLE AS ended_session FOR EACH STATEMENT EXECUTE FUNCTION public.tg_session__publish();
CREATE TRIGGER thread_05_add_owner AFTER INSERT ON public.thread FOR EACH ROW WHEN ((new.owner IS NOT NULL)) EXECUTE FUNCTION public.tg_thread__add_owner();
CREATE TRIGGER thread_05_decide BEFORE INSERT ON public.thread FOR EACH ROW EXECUTE FUNCTION public.tg_thread__decide();
CREATE TRIGGER thread_10_publish AFTER INSERT ON public.thread FOR EACH ROW EXECUTE FUNCTION public.tg_thread__publish();
CREATE TRIGGER thread_10_publish_change AFTER UPDATE OF title, pinned, is_open ON public.thread FOR EACH ROW WHEN (((old.title IS DISTINCT FROM new.title) OR (old.pinned IS DISTINCT FROM new.pinned) OR (old.is_open <> new.is_open))) EXECUTE FUNCTION public.tg_thread__publish();
CREATE TRIGGER thread_10_publish_deletion BEFORE DELETE ON public.thread FOR EACH ROW EXECUTE FUNCTION public.tg_thread__publish();
CREATE TRIGGER thread_20_refuse_change BEFORE UPDATE OF id ON public.thread FOR EACH ROW EXECUTE FUNCTION public.tg_thread__refuse_change();
CREATE TRIGGER thread_20_refuse_truncate BEFORE TRUNCATE ON public.thread FOR EACH STATEMENT EXECUTE FUNCTION public.tg_thread__refuse_change();
CREATE TRIGGER thread_20_refuse_used_id AFTER INSERT ON public.thread FOR EACH ROW EXECUTE FUNCTION public.tg_thread__refuse_used_id();
CREATE TRIGGER thread_20_remove_messages AFTER DELETE ON public.thread FOR EACH ROW EXECUTE FUNCTION public.tg_thread__remove_messages();
CREATE TRIGGER thread_30_say_change AFTER UPDATE OF title, is_open ON public.thread FOR EACH ROW WHEN (((old.title <> new.title) OR (old.is_open <> new.is_open))) EXECUTE FUNCTION public.tg_thread__say_change();
ALTER TABLE ONLY public.account_key
    ADD CONSTRAINT account_key_account_id_fkey FOREIGN KEY (account_id) REFERENCES public.account(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.account_key
    ADD CONSTRAINT account_key_created_by_fkey FOREIGN KEY (created_by) REFERENCES public.account(id) ON DELETE SET NULL;
ALTER TABLE ONLY public.identity
    ADD CONSTRAINT identity_account_id_fkey FOREIGN KEY (account_id) REFERENCES public.account(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.link
    ADD CONSTRAINT link_account_id_fkey FOREIGN KEY (account_id) REFERENCES public.account(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.link
    ADD CONSTRAINT link_made_by_fkey FOREIGN KEY (made_by) REFERENCES public.account(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.member
    ADD CONSTRAINT member_account_id_fkey FOREIGN KEY (account_id) REFERENCES public.account(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.member
    ADD CONSTRAINT member_thread_id_fkey FOREIGN KEY (thread_id) REFERENCES public.thread(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.mention
    ADD CONSTRAINT mention_account_id_fkey FOREIGN KEY (account_id) REFERENCES public.account(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.read_mark
    ADD CONSTRAINT read_mark_account_id_fkey FOREIGN KEY (account_id) REFERENCES public.account(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.read_mark
    ADD CONSTRAINT read_mark_thread_id_fkey FOREIGN KEY (thread_id) REFERENCES public.thread(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.session
    ADD CONSTRAINT session_account_id_fkey FOREIGN KEY (account_id) REFERENCES public.account(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.thread
    ADD CONSTRAINT thread_owner_fkey FOREIGN KEY (owner) REFERENCES public.account(id) ON DELETE SET NULL;
ALTER TABLE ONLY public.webhook
    ADD CONSTRAINT webhook_account_id_fkey FOREIGN KEY (account_id) REFERENCES public.account(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.webhook
    ADD CONSTRAINT webhook_created_by_fkey FOREIGN KEY (created_by) REFERENCES public.account(id) ON DELETE SET NULL;
ALTER TABLE ONLY public.webhook
    ADD CONSTRAINT webhook_thread_id_fkey FOREIGN KEY (thread_id) REFERENCES public.thread(id) ON DELETE CASCADE;
