"""The obvious design: FastAPI, an ORM session for each message, and the connection manager of FastAPI's own
tutorial. It reaches the sockets of its own process only, and cannot hear a row that SQL has written."""

import os
from datetime import datetime
from typing import Literal
from uuid import UUID

import uvicorn
from fastapi import FastAPI, WebSocket, WebSocketDisconnect
from pydantic import BaseModel, ConfigDict
from sqlalchemy import BigInteger, DateTime, FetchedValue, Identity
from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class Base(DeclarativeBase):
    pass


class Message(Base):
    __tablename__ = "message"
    __mapper_args__ = {"eager_defaults": True}  # noqa: RUF012

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    thread_id: Mapped[int] = mapped_column(BigInteger)
    role: Mapped[str] = mapped_column(server_default=FetchedValue())
    content: Mapped[str]
    client_id: Mapped[UUID | None]
    reply_to: Mapped[int | None] = mapped_column(BigInteger)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=FetchedValue())


class MessageIn(BaseModel):
    content: str
    client_id: UUID | None = None


class MessageOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    id: int
    thread_id: int
    seq: int
    role: str
    content: str
    created_at: datetime
    client_id: UUID | None
    reply_to: int | None


class Frame(BaseModel):
    type: Literal["message"] = "message"
    data: MessageOut


class ConnectionManager:
    def __init__(self) -> None:
        self.connections: dict[int, list[WebSocket]] = {}

    async def connect(self, thread_id: int, websocket: WebSocket) -> None:
        await websocket.accept()
        self.connections.setdefault(thread_id, []).append(websocket)

    def disconnect(self, thread_id: int, websocket: WebSocket) -> None:
        self.connections[thread_id].remove(websocket)

    async def broadcast(self, thread_id: int, text: str) -> None:
        for connection in list(self.connections[thread_id]):
            try:  # noqa: SIM105  (suppress() would cost more)
                await connection.send_text(text)
            except (WebSocketDisconnect, RuntimeError):
                pass  # its own handler removes it


URL = os.environ["DATABASE_URL"].replace("postgresql://", "postgresql+asyncpg://")
engine = create_async_engine(URL, pool_size=8, max_overflow=0)
session_of = async_sessionmaker(engine, expire_on_commit=False)
manager = ConnectionManager()


app = FastAPI()


@app.websocket("/threads/{thread_id}")
async def follow(websocket: WebSocket, thread_id: int) -> None:
    await manager.connect(thread_id, websocket)
    try:
        await websocket.send_text('{"type":"ready"}')
        while True:
            message = MessageIn.model_validate_json(await websocket.receive_text())
            async with session_of() as session:
                row = Message(thread_id=thread_id, content=message.content, client_id=message.client_id)
                session.add(row)
                await session.commit()
            fields = {name: getattr(row, name) for name in MessageOut.model_fields if name != "seq"}
            frame = Frame(data=MessageOut(seq=row.id, **fields))
            await manager.broadcast(thread_id, frame.model_dump_json())
    except WebSocketDisconnect:
        pass
    finally:
        manager.disconnect(thread_id, websocket)


if __name__ == "__main__":
    uvicorn.run(
        app,
        port=int(os.environ["PORT"]),
        log_level="warning",
        access_log=False,
        loop="uvloop",
        http="httptools",
        ws="websockets-sansio",
        ws_per_message_deflate=False,
    )
