// Node with ws and pg: one connection LISTENs, and each message is one insert.

import { createServer } from "node:http";
import pg from "pg";
import { WebSocketServer } from "ws";

const connectionString = process.env.DATABASE_URL;
const insert = {
  name: "insert",
  text: "insert into message (thread_id, content, client_id) values ($1, $2, $3)",
};

const pool = new pg.Pool({ connectionString, max: 8 });
const rooms = new Map();

const listener = new pg.Client({ connectionString });
await listener.connect();
listener.on("notification", ({ payload }) => {
  const room = rooms.get(JSON.parse(payload).data.thread_id);
  if (!room) return;
  const frame = Buffer.from(payload); // encoded once; ws frames it for each socket
  for (const socket of room) socket.send(frame, { binary: false });
});
await listener.query("listen message");

const server = createServer();
const sockets = new WebSocketServer({ server, perMessageDeflate: false });

sockets.on("connection", (socket, request) => {
  const threadId = Number(request.url.split("/").pop());
  let room = rooms.get(threadId);
  if (!room) rooms.set(threadId, (room = new Set()));
  room.add(socket);

  socket.on("message", async (data) => {
    try {
      const { content, client_id = null } = JSON.parse(data);
      await pool.query({ ...insert, values: [threadId, content, client_id] });
    } catch (error) {
      console.error(error);
      socket.close(1011);
    }
  });
  socket.on("close", () => {
    room.delete(socket);
    if (room.size === 0) rooms.delete(threadId);
  });
  socket.on("error", console.error);
  socket.send('{"type":"ready"}');
});

server.listen(Number(process.env.PORT), "127.0.0.1");
