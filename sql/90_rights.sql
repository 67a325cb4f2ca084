-- The rights to call functions and to use tables are given here. PostgreSQL lets everybody execute a new function.
-- Danger: a role could attach a trigger function that is security definer to a table of its own, and the CHECK of a
-- domain on a column of that table would then run with the rights of the owner.

-- This is for functions that the owner makes later. A rule for one schema could not revoke what is granted by default.
alter default privileges revoke execute on functions from public;

revoke execute on function
  acting_account, bot_asked, count_members, draft_frame, draft_ordinal, frame, handles_in, has_one_person, is_small,
  is_usable, is_valid, is_visible, mentioned_in, mentions_after, mentions_bot, message_json, name_of, newest_matches,
  next_version, notify_account_change, notify_frame, notify_read, notify_servers, part_with, payload, read_json,
  readable, relay_only, remove_messages, say, search_messages, search_query, sees, set_relay_only, tg_account__leave,
  tg_account__publish, tg_account__recount, tg_account_key__publish, tg_member__publish, tg_member__refuse_change,
  tg_mention__publish, tg_message__clean_up, tg_message__give_title, tg_message__number, tg_message__publish,
  tg_message__refuse_change, tg_message__withdraw_request, tg_read_mark__publish, tg_reply_request__end_drafts,
  tg_session__publish, tg_thread__add_owner, tg_thread__decide, tg_thread__publish, tg_thread__refuse_change,
  tg_thread__refuse_used_id, tg_thread__remove_messages, tg_thread__say_change, thread_json, thread_json_for,
  thread_preview, threads_titled, title_of, wire_time, words_of, write_relay_beat, written_by_server
from public;

-- Gives the roles of deploy/roles.sql their rights, if that file was run in this database. It is called here, and by
-- that file when the tables are older than the roles.
create or replace function grant_rights() returns void
language plpgsql set search_path = pg_catalog, public, pg_temp
as $$
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
    relay_only, remove_messages, search_messages, search_query, sees, thread_json, thread_json_for, thread_preview,
    threads_titled, title_of, wire_time, write_relay_beat
  to chinwag_server;
  grant insert (thread_id, role, content, client_id, reply_to, author, replaces) on message to chinwag_producer;
end
$$;

revoke execute on function grant_rights from public;
select grant_rights();
