-- The passwords of the roles in docker-compose.yml. They are no secret: PostgreSQL has no port there that other
-- computers reach.

alter role chinwag_owner password 'chinwag';
alter role chinwag_server password 'chinwag';
