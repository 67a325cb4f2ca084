-- These are the passwords of the roles in docker-compose.yml. They need not be secret: other computers cannot reach
-- PostgreSQL there.

alter role chinwag_owner password 'chinwag';
alter role chinwag_server password 'chinwag';
