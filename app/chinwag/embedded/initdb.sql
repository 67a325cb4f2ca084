-- The roles of the embedded PostgreSQL: the superuser `postgres` for maintenance, and `chinwag`, which owns the
-- database `chinwag` and has no other right. It runs in that database in single-user mode, as one statement, and
-- so whole or not at all; it can be run again. A semicolon before an empty line would end the statement.
do $$
declare
  bootstrap constant oid := 10; -- the superuser whom initdb makes, whatever its name is
  command text;
begin
  -- Earlier versions ran the server as the bootstrap superuser, then called `chinwag`. It cannot be demoted, but
  -- it can be renamed, though not by a session of its own.
  if pg_get_userbyid(bootstrap) = 'chinwag' then
    create role chinwag_conversion superuser;
    set session authorization chinwag_conversion;
    alter role chinwag rename to postgres;
    set session authorization postgres;
    drop role chinwag_conversion;
  end if;
  if to_regrole('chinwag') is null then
    create role chinwag login;
  end if;
  execute format('alter role chinwag password %L', current_setting('chinwag.owner'));
  execute format('alter role postgres password %L', current_setting('chinwag.superuser'));
  alter database chinwag owner to chinwag;
  -- LISTEN needs no other right than CONNECT. Who could connect to an earlier version's database still can.
  for command in
    select format('grant connect, temporary on database chinwag to %I', rolname)
    from pg_roles where rolcanlogin and not rolsuper and rolname <> 'chinwag'
    union all select format('revoke all on database %I from public', datname)
    from pg_database where datname in ('chinwag', 'postgres', 'template1')
  loop
    execute command;
  end loop;
  -- What is in the database, except what belongs to something else: a table's sequence, an extension's function.
  for command in
    select format('alter %s %s owner to chinwag', kind.type, kind.identity)
    from (
      select tableoid, oid from pg_class where relowner = bootstrap and relkind in ('r', 'p', 'v', 'm', 'f', 'S')
      union all select tableoid, oid from pg_proc where proowner = bootstrap
      union all select tableoid, oid from pg_type where typowner = bootstrap and typtype <> 'p'
      union all select tableoid, oid from pg_namespace where nspowner = bootstrap
    ) as object, pg_identify_object(object.tableoid, object.oid, 0) as kind
    where object.oid >= 16384 -- FirstNormalObjectId: those below it are PostgreSQL's own
      and not exists (
        select from pg_depend
        where classid = object.tableoid and objid = object.oid and deptype in ('a', 'e', 'i')
      )
      and kind.identity !~ '^pg_(toast|temp)'
  loop
    execute command;
  end loop;
end
$$
