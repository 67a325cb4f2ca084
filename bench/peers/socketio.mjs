// Socket.IO with its Postgres adapter: a trigger speaks as its emitter does, and each message is one insert.

import { createServer } from "node:http";
import { createAdapter } from "@socket.io/postgres-adapter";
import pg from "pg";
import { Server } from "socket.io";

const connectionString = process.env.DATABASE_URL;
const insert = {
  name: "insert",
  text: "insert into message (thread_id, content, client_id) values ($1, $2, $3)",
};

const pool = new pg.Pool({ connectionString, max: 8 });
const listenerPool = new pg.Pool({ connectionString, max: 2 }); // the adapter keeps one connection of it

const server = createServer();
const io = new Server(server, {
  adapter: createAdapter(listenerPool, { errorHandler: console.error }),
  transports: ["websocket"],
  serveClient: false,
});
// Socket.IO's own advice: the first request need not stay in memory.
io.engine.on("connection", (rawSocket) => {
  rawSocket.request = null;
});

io.on("connection", (socket) => {
  const threadId = Number(socket.handshake.auth.thread);
  socket.join(`thread ${threadId}`);
  socket.on("message", async ({ content, client_id = null }) => {
    try {
      await pool.query({ ...insert, values: [threadId, content, client_id] });
    } catch (error) {
      console.error(error);
      socket.disconnect(true);
    }
  });
  socket.emit("ready");
});

// The adapter connects by itself and does not say when: no row may be written before it LISTENs.
const listens = "select from pg_stat_activity where datname = current_database() and query ilike 'listen %'";
while ((await pool.query(listens)).rowCount === 0) {
  await new Promise((resolve) => setTimeout(resolve, 20));
}
server.listen(Number(process.env.PORT), "127.0.0.1");
