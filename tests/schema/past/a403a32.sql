CREATE FUNCTION public.frame(type text, data json) RETURNS text
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN (((('{"type":'::text || to_json(type)) || ',"data":'::text) || data) || '}'::text);
CREATE FUNCTION public.wire_time(moment timestamp with time zone) RETURNS text
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN to_char((moment AT TIME ZONE 'UTC'::text), 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'::text);
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
CREATE FUNCTION public.message_json(m public.message) RETURNS json
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN (SELECT row_to_json(fields.*) AS row_to_json FROM (SELECT (message_json.m).id AS id, (message_json.m).thread_id AS thread_id, (message_json.m).seq AS seq, (message_json.m).role AS role, (message_json.m).content AS content, public.wire_time((message_json.m).created_at) AS created_at, (message_json.m).client_id AS client_id, (message_json.m).reply_to AS reply_to) fields);
CREATE FUNCTION public.notify_frame(thread_id bigint, seq bigint, frame text) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
declare
  v_payload text := thread_id || ' ' || seq || ' ' || frame;
begin
  if octet_length(v_payload) >= 8000 then
    v_payload := thread_id || ' ' || seq;
  end if;
  perform pg_notify('chinwag', v_payload);
end
$$;
CREATE FUNCTION public.tg_message__number() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    SET enable_seqscan TO 'off'
    AS $$
declare
  v_last_seq bigint;
begin
  -- The lock is held until commit: whoever gets the next number commits after us, or we never did.
  select last_seq into v_last_seq from public.thread where id = new.thread_id for no key update;
  if not found then
    raise exception 'there is no thread %', new.thread_id
      using errcode = 'foreign_key_violation', table = 'message', constraint = 'thread_exists';
  end if;
  -- Only behind the lock can a repeat be seen for sure. "on conflict" would come too late: it burns a number.
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
  -- thread.last_seq moves once a statement (tg_message__publish): moving it for each row would leave one
  -- dead version of the thread a row, and a burst would take quadratic time. So the rows that this
  -- statement has inserted already are looked up: the last entry of an index.
  select greatest(v_last_seq, max(seq)) + 1 into new.seq
  from public.message where thread_id = new.thread_id;
  return new;
end
$$;
CREATE FUNCTION public.tg_message__publish() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    SET enable_seqscan TO 'off'
    AS $$
declare
  v_thread_id bigint;
  v_last_seq bigint;
begin
  for v_thread_id, v_last_seq in
    select thread_id, max(seq) from written_message group by thread_id order by thread_id
  loop
    -- greatest: a trigger of somebody's own may have written more already.
    update public.thread set last_seq = greatest(last_seq, v_last_seq), updated_at = clock_timestamp()
    where id = v_thread_id;
  end loop;
  delete from public.reply_request
  where message_id = any (array(select reply_to from written_message where reply_to is not null));
  insert into public.reply_request (message_id)
  select id from written_message as w
  where role = 'user' and (select true from public.message where reply_to = w.id) is null
  order by id;
  perform public.notify_frame(thread_id, seq, public.frame('message', public.message_json(message)))
  from (
    select thread_id, seq, row(w.*)::public.message as message from written_message as w
  ) as written
  order by thread_id, seq;
  return null;
end
$$;
CREATE FUNCTION public.tg_message__refuse_change() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
begin
  if tg_op = 'DELETE' and not exists (select from public.thread where id = old.thread_id) then
    return old; -- the cascade of its thread's deletion
  end if;
  raise exception 'messages are immutable: % is not allowed', tg_op
    using errcode = 'restrict_violation', table = 'message', constraint = 'message_is_immutable',
          hint = 'Write another message, or delete the thread as a whole.';
end
$$;
CREATE FUNCTION public.tg_thread__publish() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
begin
  if tg_op = 'INSERT' then
    perform public.notify_frame(new.id, 0, public.frame('thread.created', public.thread_json(new)));
  elsif tg_op = 'UPDATE' then
    perform public.notify_frame(new.id, 0, public.frame('thread.updated', public.thread_json(new)));
  else
    perform public.notify_frame(old.id, 0, public.frame('thread.deleted', json_build_object('id', old.id)));
  end if;
  return null;
end
$$;
CREATE TABLE public.thread (
    id bigint NOT NULL,
    title text DEFAULT 'New chat'::text NOT NULL,
    last_seq bigint DEFAULT 0 NOT NULL,
    created_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    updated_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    owner integer,
    CONSTRAINT last_seq_is_not_negative CHECK ((last_seq >= 0)),
    CONSTRAINT title_is_at_most_200_characters CHECK ((char_length(title) <= 200)),
    CONSTRAINT title_is_not_empty CHECK ((title ~ '\S'::text))
);
CREATE FUNCTION public.thread_json(t public.thread) RETURNS json
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN (SELECT row_to_json(fields.*) AS row_to_json FROM (SELECT (thread_json.t).id AS id, (thread_json.t).title AS title, (thread_json.t).last_seq AS last_seq, public.wire_time((thread_json.t).created_at) AS created_at, public.wire_time((thread_json.t).updated_at) AS updated_at, (thread_json.t).owner AS owner) fields);
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
    last_login timestamp without time zone
);
CREATE SEQUENCE public.account_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.account_id_seq OWNED BY public.account.id;
ALTER TABLE public.message ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.message_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
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
CREATE TABLE public.reply_request (
    message_id bigint NOT NULL,
    claimed_by uuid,
    claimed_until timestamp with time zone DEFAULT '-infinity'::timestamp with time zone NOT NULL
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
ALTER TABLE ONLY public.account
    ADD CONSTRAINT account_email_key UNIQUE (email);
ALTER TABLE ONLY public.account
    ADD CONSTRAINT account_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.account
    ADD CONSTRAINT account_username_key UNIQUE (username);
ALTER TABLE ONLY public.message
    ADD CONSTRAINT client_id_is_unique_in_thread UNIQUE (thread_id, client_id);
ALTER TABLE ONLY public.message
    ADD CONSTRAINT message_has_one_reply UNIQUE (reply_to);
ALTER TABLE ONLY public.message
    ADD CONSTRAINT message_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.migration
    ADD CONSTRAINT migration_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.reply_request
    ADD CONSTRAINT reply_request_pkey PRIMARY KEY (message_id);
ALTER TABLE ONLY public.message
    ADD CONSTRAINT seq_is_unique_in_thread UNIQUE (thread_id, seq);
ALTER TABLE ONLY public.thread
    ADD CONSTRAINT thread_pkey PRIMARY KEY (id);
CREATE INDEX thread_by_activity ON public.thread USING btree (updated_at DESC, id DESC);
CREATE INDEX thread_by_owner ON public.thread USING btree (owner);
CREATE TRIGGER message_10_number BEFORE INSERT ON public.message FOR EACH ROW EXECUTE FUNCTION public.tg_message__number();
CREATE TRIGGER message_20_refuse_change BEFORE DELETE OR UPDATE ON public.message FOR EACH ROW EXECUTE FUNCTION public.tg_message__refuse_change();
CREATE TRIGGER message_20_refuse_truncate BEFORE TRUNCATE ON public.message FOR EACH STATEMENT EXECUTE FUNCTION public.tg_message__refuse_change();
CREATE TRIGGER message_30_publish AFTER INSERT ON public.message REFERENCING NEW TABLE AS written_message FOR EACH STATEMENT EXECUTE FUNCTION public.tg_message__publish();
CREATE TRIGGER thread_10_publish AFTER INSERT OR DELETE ON public.thread FOR EACH ROW EXECUTE FUNCTION public.tg_thread__publish();
CREATE TRIGGER thread_10_publish_title AFTER UPDATE OF title ON public.thread FOR EACH ROW WHEN ((old.title IS DISTINCT FROM new.title)) EXECUTE FUNCTION public.tg_thread__publish();
ALTER TABLE ONLY public.message
    ADD CONSTRAINT replied_message_exists FOREIGN KEY (reply_to) REFERENCES public.message(id);
ALTER TABLE ONLY public.reply_request
    ADD CONSTRAINT reply_request_message_id_fkey FOREIGN KEY (message_id) REFERENCES public.message(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.message
    ADD CONSTRAINT thread_exists FOREIGN KEY (thread_id) REFERENCES public.thread(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.thread
    ADD CONSTRAINT thread_owner_fkey FOREIGN KEY (owner) REFERENCES public.account(id) ON DELETE SET NULL;
INSERT INTO public.migration VALUES (1, '2026-11-22T18:00:00:000000', 'chinwag', '2026-11-24 14:01:42.017756');
SELECT pg_catalog.setval('public.migration_id_seq', 1, true);
