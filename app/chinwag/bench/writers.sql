-- For pgbench: each of its clients writes one message a commit, to a thread of its own.
insert into message (thread_id, content) values ((:threads::bigint[])[:client_id + 1], :content);
