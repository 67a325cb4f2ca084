-- The roles of a database that is Chinwag's own:
--
--   chinwag_owner     owns the schema, and runs `chinwag migrate`
--   chinwag_server    runs `chinwag serve`, and has the rights that a server needs and no more
--   chinwag_producer  writes messages in SQL; grant it to other roles, as in `grant chinwag_producer to backup`
--
-- Run this file in that database as a superuser, before the first `chinwag migrate` or at any time later:
--
--   psql --dbname=chinwag --file=deploy/roles.sql
--
-- If a role other than that superuser has made the tables, run `reassign owned by that_role to chinwag_owner` afterwards,
-- and then this file again. It may be run any number of times.
--
-- Then give the first two roles a password (`\password chinwag_owner` in psql), and name them in DATABASE_URL. LISTEN and
-- NOTIFY need no right but CONNECT. That is why no other role may connect.

do $$
declare
  thing record;
begin
  for thing in
    select name, attributes
    from (values ('chinwag_owner', 'login'), ('chinwag_server', 'login'), ('chinwag_producer', 'nologin'))
      as role (name, attributes)
    where not exists (select from pg_roles where rolname = name)
  loop
    execute format('create role %I %s', thing.name, thing.attributes);
  end loop;

  execute format('revoke all on database %I from public', current_database());
  execute format(
    'grant connect on database %I to chinwag_owner, chinwag_server, chinwag_producer', current_database()
  );

  -- The new owner gets what the role that runs this file has made. It does not get what other roles have made: their
  -- functions would get the rights of the owner.
  for thing in
    select case relkind when 'S' then 'sequence' else 'table' end as kind, oid::regclass::text as name
    from pg_class
    where relnamespace = 'public'::regnamespace and relowner = current_user::regrole and relkind in ('r', 'S')
      and not exists (select from pg_depend where objid = pg_class.oid and deptype in ('a', 'i', 'e'))
    union all
    select 'function', oid::regprocedure::text
    from pg_proc
    where pronamespace = 'public'::regnamespace and proowner = current_user::regrole
      and not exists (select from pg_depend where objid = pg_proc.oid and deptype = 'e')
  loop
    execute format('alter %s %s owner to chinwag_owner', thing.kind, thing.name);
  end loop;
end
$$;

alter schema public owner to chinwag_owner;
revoke all on schema public from public;
grant usage on schema public to chinwag_server, chinwag_producer;

-- The schema itself gives the rights on tables and functions (sql/90_rights.sql), if it is installed already.
do $$
begin
  if exists (
    select from pg_proc
    where oid = to_regprocedure('public.grant_rights()') and pg_get_userbyid(proowner) = 'chinwag_owner'
  ) then
    perform public.grant_rights();
  end if;
end
$$;
