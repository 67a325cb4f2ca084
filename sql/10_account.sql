-- An account is a person or a bot. The columns up to last_login are those of Piccolo's BaseUser, which can manage the
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
  last_login timestamp,
  display_name text -- where it is null, the username is shown
    constraint display_name_is_visible check (display_name ~ '\S')
    constraint display_name_is_at_most_100_characters check (char_length(display_name) <= 100),
  is_bot boolean not null default false,
  answers boolean not null default false -- of a bot: whether servers answer as it
);
