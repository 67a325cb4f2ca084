-- A thread has the title that its first message gives it, until somebody gives it another one.

-- Returns the first line that contains text besides Markdown marks, cut to 60 characters; null if there is none.
create or replace function title_of(content text) returns text
language sql immutable parallel safe
return (
  select case when char_length(line) > 60 then regexp_replace(left(line, 59), '(\S)\s+\S*$', '\1') || '…' else line end
  from (
    select place, btrim(regexp_replace(regexp_replace(
      line, '^([\s>#*+`~_=|-]+|\d+[.)]\s)+', ''), '[\s[:cntrl:]]+|[*`~_]+$', ' ', 'g'
    )) as line
    from regexp_split_to_table(left(content, 2000), '[\r\n]+') with ordinality as lines (line, place)
  ) as lines
  where line <> '' order by place limit 1
);

-- Gives a thread that has no title yet the title of its first message.
-- security definer: a role with only INSERT on message must be able to update the title.
create or replace function tg_message__give_title() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
begin
  -- tg_message__publish updates last_seq, too, but later. This update already notifies the lists of threads.
  update public.thread set title = public.title_of(new.content), last_seq = greatest(last_seq, new.seq)
  where id = new.thread_id and title = 'New chat' and public.title_of(new.content) is not null;
  return null;
end
$$;

create or replace trigger message_20_give_title
  after insert on message for each row when (new.seq = 1) execute function tg_message__give_title();
