-- The database notes what its schema contains, so that another version of Chinwag can tell what is left to do.

-- The migrations that were applied, and each version of the programs in the files from 40 on. The table is Piccolo's.
create table if not exists migration (
  id serial primary key,
  name varchar(200) not null default '',
  app_name varchar(200) not null default '',
  ran_on timestamp not null default current_timestamp
);

-- The names in this schema that belong to Chinwag. Another object with a name that Chinwag needs is somebody else's.
create table if not exists chinwag_object (
  kind text,
  name text,
  primary key (kind, name)
);
