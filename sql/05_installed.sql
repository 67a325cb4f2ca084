-- What this database knows of its own schema, so that another version can tell what is left to do.

-- The migrations that were applied (Piccolo's own table), and each version of the programs in the files from 40 on.
create table if not exists migration (
  id serial primary key,
  name varchar(200) not null default '',
  app_name varchar(200) not null default '',
  ran_on timestamp not null default current_timestamp
);

-- The names that are Chinwag's in this schema. Whatever else has a name that Chinwag needs is somebody else's.
create table if not exists chinwag_object (
  kind text,
  name text,
  primary key (kind, name)
);
