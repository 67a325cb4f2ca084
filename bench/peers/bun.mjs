// Bun with its native publish: one connection LISTENs, and each message is one insert.

import postgres from "postgres";

const options = { onnotice: () => {} };
const sql = postgres(process.env.DATABASE_URL, { ...options, max: 8 });
const listener = postgres(process.env.DATABASE_URL, { ...options, max: 1 });

// Before the port is open: no row may be written unheard.
await listener.listen("message", (payload) => {
  server.publish(`thread ${JSON.parse(payload).data.thread_id}`, payload);
});

const server = Bun.serve({
  hostname: "127.0.0.1",
  port: Number(process.env.PORT),
  fetch(request, server) {
    const threadId = Number(new URL(request.url).pathname.split("/").pop());
    if (server.upgrade(request, { data: { threadId } })) return undefined;
    return new Response("a WebSocket is expected", { status: 426 });
  },
  websocket: {
    perMessageDeflate: false,
    open(socket) {
      socket.subscribe(`thread ${socket.data.threadId}`);
      socket.send('{"type":"ready"}');
    },
    async message(socket, data) {
      try {
        const { content, client_id = null } = JSON.parse(data);
        const { threadId } = socket.data;
        // A template of `postgres` is a prepared statement.
        await sql`insert into message (thread_id, content, client_id) values (${threadId}, ${content}, ${client_id})`;
      } catch (error) {
        console.error(error);
        socket.close(1011);
      }
    },
  },
});
