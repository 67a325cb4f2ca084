CREATE FUNCTION public.frame(type text, data json) RETURNS text
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN (((('{"type":'::text || to_json(type)) || ',"data":'::text) || data) || '}'::text);
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
  grant select on chinwag_object, message, message_words, migration, removed_thread, reply_request, thread
  to chinwag_server;
  grant select (id, username, password, active, admin, display_name, is_bot),
    insert (username, password, email, active, admin, display_name), update (password, last_login)
  on account to chinwag_server;
  grant usage on sequence account_id_seq to chinwag_server;
  grant select, insert (account_id, token_hash, device, expires_at, idle_days), update (used_at), delete on session
  to chinwag_server;
  grant select, insert (key), delete on sign_in_attempt to chinwag_server;
  grant insert, delete, update (title, pinned) on thread to chinwag_server;
  grant insert (thread_id, role, content, client_id, reply_to) on message to chinwag_server;
  grant update (claimed_by, claimed_until, thread_id) on reply_request to chinwag_server;
  grant execute on function
    frame, is_in_a_thread, is_valid, message_json, newest_matches, notify_frame, notify_servers, part_with, payload,
    readable, remove_messages, search_messages, search_query, thread_json, thread_preview, threads_titled,
    wire_time
  to chinwag_server;
  grant insert (thread_id, role, content, client_id, reply_to) on message to chinwag_producer;
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
    CONSTRAINT content_is_at_most_1_megabyte CHECK ((octet_length(content) <= 1000000)),
    CONSTRAINT content_is_not_empty CHECK ((content ~ '\S'::text)),
    CONSTRAINT role_is_user_or_assistant CHECK ((role = ANY (ARRAY['user'::text, 'assistant'::text]))),
    CONSTRAINT seq_is_positive CHECK ((seq >= 1))
);
CREATE TABLE public.thread (
    id bigint NOT NULL,
    title text DEFAULT 'New chat'::text NOT NULL,
    last_seq bigint DEFAULT 0 NOT NULL,
    created_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    updated_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    owner integer,
    pinned boolean DEFAULT false NOT NULL,
    CONSTRAINT last_seq_is_not_negative CHECK ((last_seq >= 0)),
    CONSTRAINT title_is_at_most_200_characters CHECK ((char_length(title) <= 200)),
    CONSTRAINT title_is_not_empty CHECK ((title ~ '\S'::text))
);
CREATE FUNCTION public.is_in_a_thread(message_id bigint) RETURNS boolean
    LANGUAGE sql STABLE
    RETURN COALESCE((SELECT true FROM (public.message JOIN public.thread ON ((thread.id = message.thread_id))) WHERE (message.id = is_in_a_thread.message_id)), false);
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
    CONSTRAINT display_name_is_at_most_100_characters CHECK ((char_length(display_name) <= 100)),
    CONSTRAINT display_name_is_visible CHECK ((display_name ~ '\S'::text))
);
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
CREATE FUNCTION public.readable(moment timestamp with time zone) RETURNS timestamp with time zone
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN LEAST(GREATEST(moment, '0001-01-02 00:00:00+00'::timestamp with time zone), '9999-12-30 23:59:59.999999+00'::timestamp with time zone);
CREATE FUNCTION public.wire_time(moment timestamp with time zone) RETURNS text
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN to_char((public.readable(moment) AT TIME ZONE 'UTC'::text), 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'::text);
CREATE FUNCTION public.message_json(m public.message) RETURNS json
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN ((((((((((((((((('{"id":'::text || (m).id) || ',"thread_id":'::text) || (m).thread_id) || ',"seq":'::text) || (m).seq) || ',"role":"'::text) || (m).role) || '","content":'::text) || to_json((m).content)) || ',"created_at":"'::text) || public.wire_time((m).created_at)) || '","client_id":'::text) || COALESCE((to_json((m).client_id))::text, 'null'::text)) || ',"reply_to":'::text) || COALESCE(((m).reply_to)::text, 'null'::text)) || '}'::text))::json;
CREATE FUNCTION public.newest_matches(wanted tsquery, before bigint, most integer) RETURNS bigint[]
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
CREATE FUNCTION public.notify_account_change(account_id integer) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  perform public.notify_frame(
    0::bigint, 0::bigint, public.frame('account.changed'::text, json_build_object('id', account_id))
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
CREATE FUNCTION public.search_messages(typed text, before bigint, most integer) RETURNS TABLE(message bigint, thread_id bigint, title text, seq bigint, role text, created_at timestamp with time zone, excerpt text)
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
  newest := public.newest_matches(wanted, before, most);
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
  perform public.notify_account_change(coalesce(new.id, old.id));
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
begin
  -- The lock is held until the end of the transaction: a transaction that gets the next number commits after this one,
  -- or this one was rolled back.
  -- thread.last_seq and updated_at are updated once per statement (tg_message__publish). To update them for each row
  -- would leave one dead version of the thread per row, and a burst would take quadratic time. So the newest row that
  -- this statement may have inserted already is looked up, too: it is the last entry of an index.
  select greatest(thread.last_seq, own.seq) + 1, greatest(thread.updated_at, own.created_at)
  into new.seq, newest
  from public.thread left join lateral (
    select message.seq, message.created_at from public.message
    where message.thread_id = thread.id and message.seq > thread.last_seq order by message.seq desc limit 1
  ) as own on true
  where thread.id = new.thread_id for no key update of thread;
  if not found then
    raise exception 'there is no thread %', new.thread_id
      using errcode = 'foreign_key_violation', table = 'message', constraint = 'thread_exists';
  end if;
  -- A repeat can be seen for certain only while the lock is held. "on conflict" would come too late: the repeat would
  -- have used up a number.
  if new.client_id is not null and exists (
    select from public.message where thread_id = new.thread_id and client_id = new.client_id
  ) then
    return null;
  end if;
  if new.reply_to is not null then
    if exists (select from public.message where reply_to = new.reply_to) then
      return null;
    end if;
    if not exists (select from public.message where id = new.reply_to and thread_id = new.thread_id) then
      raise exception 'message % is not in thread %', new.reply_to, new.thread_id
        using errcode = 'foreign_key_violation', table = 'message', constraint = 'replied_message_exists';
    end if;
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
  insert into public.reply_request (message_id, thread_id)
  select id, thread_id from written_message as w
  where role = 'user' and (select true from public.message where reply_to = w.id) is null
  order by id;
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
  return null;
end
$$;
CREATE FUNCTION public.tg_session__publish() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  perform public.notify_account_change(account_id) from (select distinct account_id from ended_session) as ended;
  return null;
end
$$;
CREATE FUNCTION public.tg_thread__publish() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  if tg_op = 'INSERT' then
    perform public.notify_frame(new.id, 0::bigint, public.frame('thread.created'::text, public.thread_json(new)));
  elsif tg_op = 'UPDATE' then
    perform public.notify_frame(new.id, 0::bigint, public.frame('thread.updated'::text, public.thread_json(new)));
  else
    perform public.notify_frame(
      old.id, 0::bigint, public.frame('thread.deleted'::text, json_build_object('id', old.id))
    );
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
CREATE FUNCTION public.thread_preview(t public.thread) RETURNS text
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN (SELECT "left"(message.content, 120) AS "left" FROM public.message WHERE ((message.thread_id = (thread_preview.t).id) AND (message.seq = (thread_preview.t).last_seq)));
CREATE FUNCTION public.thread_json(t public.thread) RETURNS json
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN (SELECT row_to_json(fields.*) AS row_to_json FROM (SELECT (thread_json.t).id AS id, (thread_json.t).title AS title, (thread_json.t).last_seq AS last_seq, public.wire_time((thread_json.t).created_at) AS created_at, public.wire_time((thread_json.t).updated_at) AS updated_at, (thread_json.t).owner AS owner, (thread_json.t).pinned AS pinned, public.thread_preview(thread_json.t) AS preview) fields);
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
CREATE SEQUENCE public.account_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.account_id_seq OWNED BY public.account.id;
CREATE TABLE public.chinwag_object (
    kind text NOT NULL,
    name text NOT NULL
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
    thread_id bigint
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
ALTER TABLE ONLY public.account ALTER COLUMN id SET DEFAULT nextval('public.account_id_seq'::regclass);
ALTER TABLE ONLY public.migration ALTER COLUMN id SET DEFAULT nextval('public.migration_id_seq'::regclass);
INSERT INTO public.chinwag_object VALUES ('function', 'frame');
INSERT INTO public.chinwag_object VALUES ('function', 'grant_rights');
INSERT INTO public.chinwag_object VALUES ('function', 'is_in_a_thread');
INSERT INTO public.chinwag_object VALUES ('function', 'is_valid');
INSERT INTO public.chinwag_object VALUES ('function', 'message_json');
INSERT INTO public.chinwag_object VALUES ('function', 'newest_matches');
INSERT INTO public.chinwag_object VALUES ('function', 'notify_account_change');
INSERT INTO public.chinwag_object VALUES ('function', 'notify_frame');
INSERT INTO public.chinwag_object VALUES ('function', 'notify_servers');
INSERT INTO public.chinwag_object VALUES ('function', 'part_with');
INSERT INTO public.chinwag_object VALUES ('function', 'payload');
INSERT INTO public.chinwag_object VALUES ('function', 'readable');
INSERT INTO public.chinwag_object VALUES ('function', 'remove_messages');
INSERT INTO public.chinwag_object VALUES ('function', 'search_messages');
INSERT INTO public.chinwag_object VALUES ('function', 'search_query');
INSERT INTO public.chinwag_object VALUES ('function', 'tg_account__publish');
INSERT INTO public.chinwag_object VALUES ('function', 'tg_message__clean_up');
INSERT INTO public.chinwag_object VALUES ('function', 'tg_message__give_title');
INSERT INTO public.chinwag_object VALUES ('function', 'tg_message__number');
INSERT INTO public.chinwag_object VALUES ('function', 'tg_message__publish');
INSERT INTO public.chinwag_object VALUES ('function', 'tg_message__refuse_change');
INSERT INTO public.chinwag_object VALUES ('function', 'tg_message__withdraw_request');
INSERT INTO public.chinwag_object VALUES ('function', 'tg_session__publish');
INSERT INTO public.chinwag_object VALUES ('function', 'tg_thread__publish');
INSERT INTO public.chinwag_object VALUES ('function', 'tg_thread__refuse_change');
INSERT INTO public.chinwag_object VALUES ('function', 'tg_thread__refuse_used_id');
INSERT INTO public.chinwag_object VALUES ('function', 'tg_thread__remove_messages');
INSERT INTO public.chinwag_object VALUES ('function', 'thread_json');
INSERT INTO public.chinwag_object VALUES ('function', 'thread_preview');
INSERT INTO public.chinwag_object VALUES ('function', 'threads_titled');
INSERT INTO public.chinwag_object VALUES ('function', 'title_of');
INSERT INTO public.chinwag_object VALUES ('function', 'wire_time');
INSERT INTO public.chinwag_object VALUES ('function', 'words_of');
INSERT INTO public.chinwag_object VALUES ('relation', 'account');
INSERT INTO public.chinwag_object VALUES ('relation', 'account_id_seq');
INSERT INTO public.chinwag_object VALUES ('relation', 'chinwag_object');
INSERT INTO public.chinwag_object VALUES ('relation', 'client_id_is_unique_in_thread');
INSERT INTO public.chinwag_object VALUES ('relation', 'message');
INSERT INTO public.chinwag_object VALUES ('relation', 'message_has_one_reply');
INSERT INTO public.chinwag_object VALUES ('relation', 'message_id_seq');
INSERT INTO public.chinwag_object VALUES ('relation', 'message_words');
INSERT INTO public.chinwag_object VALUES ('relation', 'message_words_by_word');
INSERT INTO public.chinwag_object VALUES ('relation', 'migration');
INSERT INTO public.chinwag_object VALUES ('relation', 'migration_id_seq');
INSERT INTO public.chinwag_object VALUES ('relation', 'pinned_thread_by_activity');
INSERT INTO public.chinwag_object VALUES ('relation', 'recent_sign_in_attempt');
INSERT INTO public.chinwag_object VALUES ('relation', 'removed_thread');
INSERT INTO public.chinwag_object VALUES ('relation', 'reply_request');
INSERT INTO public.chinwag_object VALUES ('relation', 'reply_request_by_thread');
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
INSERT INTO public.chinwag_object VALUES ('type', 'account');
INSERT INTO public.chinwag_object VALUES ('type', 'chinwag_object');
INSERT INTO public.chinwag_object VALUES ('type', 'message');
INSERT INTO public.chinwag_object VALUES ('type', 'message_words');
INSERT INTO public.chinwag_object VALUES ('type', 'migration');
INSERT INTO public.chinwag_object VALUES ('type', 'removed_thread');
INSERT INTO public.chinwag_object VALUES ('type', 'reply_request');
INSERT INTO public.chinwag_object VALUES ('type', 'session');
INSERT INTO public.chinwag_object VALUES ('type', 'sign_in_attempt');
INSERT INTO public.chinwag_object VALUES ('type', 'thread');
INSERT INTO public.migration VALUES (1, '2026-11-22T18:00:00:000000', 'chinwag', '2026-11-30 07:36:04.65767');
INSERT INTO public.migration VALUES (2, '2026-11-23T02:00:00:000000', 'chinwag', '2026-11-30 07:36:04.65767');
INSERT INTO public.migration VALUES (3, '2026-11-23T03:30:00:000000', 'chinwag', '2026-11-30 07:36:04.65767');
INSERT INTO public.migration VALUES (4, '2026-11-23T07:00:00:000000', 'chinwag', '2026-11-30 07:36:04.65767');
INSERT INTO public.migration VALUES (5, '2026-11-24T15:00:00:000000', 'chinwag', '2026-11-30 07:36:04.65767');
INSERT INTO public.migration VALUES (6, '2026-11-28T20:00:00:000000', 'chinwag', '2026-11-30 07:36:04.65767');
INSERT INTO public.migration VALUES (7, '2026-11-24T15:00:00:000000', 'chinwag_contract', '2026-11-30 07:36:04.65767');
INSERT INTO public.migration VALUES (8, '2026-11-24T17:30:00:000000', 'chinwag_contract', '2026-11-30 07:36:04.65767');
INSERT INTO public.migration VALUES (9, 'a28574a84829c454481c041243603c136557aedc9339323e38a9a1be814b1d1c', 'chinwag_programs', '2026-11-30 07:36:04.65767');
SELECT pg_catalog.setval('public.account_id_seq', 1, false);
SELECT pg_catalog.setval('public.message_id_seq', 1, false);
SELECT pg_catalog.setval('public.migration_id_seq', 9, true);
SELECT pg_catalog.setval('public.session_id_seq', 1, false);
SELECT pg_catalog.setval('public.sign_in_attempt_id_seq', 1, false);
SELECT pg_catalog.setval('public.thread_id_seq', 1, false);
ALTER TABLE ONLY public.account
    ADD CONSTRAINT account_email_key UNIQUE (email);
ALTER TABLE ONLY public.account
    ADD CONSTRAINT account_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.account
    ADD CONSTRAINT account_username_key UNIQUE (username);
ALTER TABLE ONLY public.chinwag_object
    ADD CONSTRAINT chinwag_object_pkey PRIMARY KEY (kind, name);
ALTER TABLE ONLY public.message
    ADD CONSTRAINT client_id_is_unique_in_thread UNIQUE (thread_id, client_id);
ALTER TABLE ONLY public.message
    ADD CONSTRAINT message_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.message_words
    ADD CONSTRAINT message_words_pkey PRIMARY KEY (message_id);
ALTER TABLE ONLY public.migration
    ADD CONSTRAINT migration_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.removed_thread
    ADD CONSTRAINT removed_thread_pkey PRIMARY KEY (thread_id);
ALTER TABLE ONLY public.reply_request
    ADD CONSTRAINT reply_request_pkey PRIMARY KEY (message_id);
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
CREATE UNIQUE INDEX message_has_one_reply ON public.message USING btree (reply_to) WHERE (reply_to IS NOT NULL);
CREATE INDEX message_words_by_word ON public.message_words USING gin (words) WITH (gin_pending_list_limit='256');
CREATE INDEX pinned_thread_by_activity ON public.thread USING btree (updated_at DESC, id DESC) WHERE pinned;
CREATE INDEX recent_sign_in_attempt ON public.sign_in_attempt USING btree (key, attempted_at);
CREATE INDEX reply_request_by_thread ON public.reply_request USING btree (thread_id, message_id);
CREATE INDEX session_by_account ON public.session USING btree (account_id);
CREATE INDEX thread_by_activity ON public.thread USING btree (updated_at DESC, id DESC);
CREATE TRIGGER account_10_publish AFTER INSERT OR DELETE OR UPDATE OF username, password, active, display_name, is_bot ON public.account FOR EACH ROW EXECUTE FUNCTION public.tg_account__publish();
CREATE TRIGGER message_10_number BEFORE INSERT ON public.message FOR EACH ROW EXECUTE FUNCTION public.tg_message__number();
CREATE TRIGGER message_20_give_title AFTER INSERT ON public.message FOR EACH ROW WHEN ((new.seq = 1)) EXECUTE FUNCTION public.tg_message__give_title();
CREATE TRIGGER message_20_refuse_change BEFORE DELETE OR UPDATE ON public.message FOR EACH ROW EXECUTE FUNCTION public.tg_message__refuse_change();
CREATE TRIGGER message_20_refuse_truncate BEFORE TRUNCATE ON public.message FOR EACH STATEMENT EXECUTE FUNCTION public.tg_message__refuse_change();
CREATE TRIGGER message_30_clean_up AFTER DELETE ON public.message REFERENCING OLD TABLE AS removed_message FOR EACH STATEMENT EXECUTE FUNCTION public.tg_message__clean_up();
CREATE TRIGGER message_30_publish AFTER INSERT ON public.message REFERENCING NEW TABLE AS written_message FOR EACH STATEMENT EXECUTE FUNCTION public.tg_message__publish();
CREATE TRIGGER message_30_withdraw_request AFTER INSERT ON public.message FOR EACH ROW WHEN ((new.reply_to IS NOT NULL)) EXECUTE FUNCTION public.tg_message__withdraw_request();
CREATE TRIGGER session_10_publish AFTER DELETE ON public.session REFERENCING OLD TABLE AS ended_session FOR EACH STATEMENT EXECUTE FUNCTION public.tg_session__publish();
CREATE TRIGGER thread_10_publish AFTER INSERT OR DELETE ON public.thread FOR EACH ROW EXECUTE FUNCTION public.tg_thread__publish();
CREATE TRIGGER thread_10_publish_change AFTER UPDATE OF title, pinned ON public.thread FOR EACH ROW WHEN (((old.title IS DISTINCT FROM new.title) OR (old.pinned IS DISTINCT FROM new.pinned))) EXECUTE FUNCTION public.tg_thread__publish();
CREATE TRIGGER thread_20_refuse_change BEFORE UPDATE OF id ON public.thread FOR EACH ROW EXECUTE FUNCTION public.tg_thread__refuse_change();
CREATE TRIGGER thread_20_refuse_truncate BEFORE TRUNCATE ON public.thread FOR EACH STATEMENT EXECUTE FUNCTION public.tg_thread__refuse_change();
CREATE TRIGGER thread_20_refuse_used_id AFTER INSERT ON public.thread FOR EACH ROW EXECUTE FUNCTION public.tg_thread__refuse_used_id();
CREATE TRIGGER thread_20_remove_messages AFTER DELETE ON public.thread FOR EACH ROW EXECUTE FUNCTION public.tg_thread__remove_messages();
ALTER TABLE ONLY public.session
    ADD CONSTRAINT session_account_id_fkey FOREIGN KEY (account_id) REFERENCES public.account(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.thread
    ADD CONSTRAINT thread_owner_fkey FOREIGN KEY (owner) REFERENCES public.account(id) ON DELETE SET NULL;
