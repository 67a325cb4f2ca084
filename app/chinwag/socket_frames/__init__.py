"""The frames of the two WebSockets, as the AsyncAPI document describes them (chinwag.web.asyncapi).

A new frame is a class in a module here, named in one of the tables below. Nothing is encoded or decoded with
these classes: the frames are made in chinwag.frames, in chinwag.draft_frames and in sql/, and a test compares
what real servers send.
"""

from chinwag.socket_frames.base import Database, Error, Frame, Ping, Pong
from chinwag.socket_frames.of_lists import (
    AccountChanged,
    ListReady,
    Presence,
    ThreadActive,
    ThreadCreated,
    ThreadDeleted,
    ThreadRead,
    ThreadUpdated,
)
from chinwag.socket_frames.of_threads import (
    AsksForDrafts,
    Draft,
    DraftEnd,
    MessageStored,
    Post,
    Ready,
    Seen,
    Types,
    Typing,
)

Shape = type[Frame] | type[Post]

TO_THREAD: tuple[Shape, ...] = (Post, Types, AsksForDrafts, Ping)
FROM_THREAD: tuple[Shape, ...] = (
    MessageStored,
    Ready,
    Error,
    Typing,
    Draft,
    DraftEnd,
    Seen,
    Database,
    Pong,
)
TO_LIST: tuple[Shape, ...] = (Ping,)
FROM_LIST: tuple[Shape, ...] = (
    ListReady,
    ThreadCreated,
    ThreadUpdated,
    ThreadDeleted,
    ThreadActive,
    ThreadRead,
    Presence,
    AccountChanged,
    Error,
    Database,
    Pong,
)
