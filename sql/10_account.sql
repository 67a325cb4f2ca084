-- The accounts of those who write in the browser. The columns are those of Piccolo's BaseUser, which can manage the
-- rows.

create table if not exists account (
  id serial primary key,
  username varchar(100) not null unique,
  password varchar(255) not null,
  first_name varchar(255),
  last_name varchar(255),
  email varchar(255) not null unique,
  active boolean not null default false,
  admin boolean not null default false,
  superuser boolean not null default false,
  last_login timestamp
);
