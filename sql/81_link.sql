-- Returns whether a link can be used. An administrator who is none any more could otherwise come back by a link that was
-- made in time.
create or replace function is_usable(l link) returns boolean
language sql stable
return l.uses_left > 0 and l.expires_at > now()
  and (l.made_by is null or exists (select from account where id = l.made_by and active and admin));
