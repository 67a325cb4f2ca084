"""The composition root: every part of a server process is made here, started in order and stopped in the
reverse order."""

import asyncio
import contextlib
import gc
import multiprocessing
import signal
from collections.abc import AsyncIterator, Callable, Iterator
from functools import partial
from typing import Any
from uuid import uuid4

from click import Group
from litestar import Litestar
from litestar.config.compression import CompressionConfig
from litestar.di import Provide
from litestar.enums import ScopeType
from litestar.plugins import CLIPlugin

from chinwag import wire
from chinwag.bots.draft_table import SavedDrafts
from chinwag.bots.loading import load_bots
from chinwag.bots.orders import ReplyOrders
from chinwag.bots.replies import OwnBot, Replies
from chinwag.chat.account_export import AccountExports
from chinwag.chat.accounts import Accounts
from chinwag.chat.attempts import Attempts
from chinwag.chat.bot_accounts import BotAccounts
from chinwag.chat.directory import Directory
from chinwag.chat.export import Exports
from chinwag.chat.identities import Identities
from chinwag.chat.joining import Joining
from chinwag.chat.keys import Keys
from chinwag.chat.links import Links
from chinwag.chat.members import Members
from chinwag.chat.messages import Messages
from chinwag.chat.openid import load_provider
from chinwag.chat.password_sign_in import PasswordSignIn
from chinwag.chat.passwords import Passwords
from chinwag.chat.read_marks import ReadMarks
from chinwag.chat.relays import Relays
from chinwag.chat.removal import Removal
from chinwag.chat.search import Search
from chinwag.chat.sessions import Sessions
from chinwag.chat.sign_in import SignIn
from chinwag.chat.threads import Threads
from chinwag.chat.webhooks import Webhooks
from chinwag.chat.writer import Writer
from chinwag.db.hosts import urls_in
from chinwag.db.pool import open_pool
from chinwag.db.standbys import Standbys
from chinwag.errors import SettingsInvalid
from chinwag.headers import add_headers
from chinwag.logs import configure_logs
from chinwag.monitoring.draining import stops_later
from chinwag.monitoring.gauges import Observed
from chinwag.monitoring.health import ServerHealth
from chinwag.monitoring.metrics import Metrics
from chinwag.provision import prepared_database
from chinwag.push.both_ways import BothWays
from chinwag.push.hearing import Hearing
from chinwag.push.hub import Hub
from chinwag.push.listener import CHANNEL, Listener
from chinwag.push.rate_limit import RateLimit
from chinwag.push.relay_listener import RelayListener
from chinwag.push.replay import LATE_ROWS_SECONDS
from chinwag.push.room_drafts import DraftSource
from chinwag.push.sign_outs import SignOuts
from chinwag.push.subscription import RateLimits
from chinwag.settings import Settings, load_settings
from chinwag.web import assets, pages, problems
from chinwag.web.api import ROUTES
from chinwag.web.openapi import OmittedFields
from chinwag.web.services import Services, services_of
from chinwag.web.sockets import serve_socket

GC_THRESHOLDS = (20_000, 20, 20)
"""The number of new objects, and of collections of the younger generations, after which the garbage
collector runs."""

BURST_SECONDS = 4
"""A sender may send at once what the rate limit allows in this time."""

HTTP_SHARE = 10
"""How many times as much as an account an address may send over HTTP, where nobody is signed in or everybody
is the same account: a whole office may be behind it."""

REFUSALS = (10, 200)
"""The number of frames of a WebSocket that may be refused in a second, and at once, before it is closed."""

COMPRESSION = CompressionConfig(
    "brotli", brotli_quality=1, gzip_compress_level=1, minimum_size=1000, exclude_opt_key="is_compressed"
)
"""The compression of lists.

What is smaller than `minimum_size` bytes fits into one packet anyway. The levels are the lowest, because the
event loop pushes nothing while it compresses.
"""


class Application(Litestar):
    """The ASGI application: Litestar for HTTP, and the WebSockets beside it."""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Serve a request, a WebSocket, or the life of the application."""
        if scope["type"] == ScopeType.WEBSOCKET:
            await serve_socket(scope, receive, send, services_of(self.state))
        else:
            await super().__call__(scope, receive, send)


def create_app(settings: Settings | None = None) -> Application:
    """Make the application, for any ASGI server. It needs `database_url`, and a schema that is migrated."""
    settings = settings or load_settings()
    configure_logs(settings.log_format)
    return Application(
        route_handlers=[*ROUTES, *pages.ROUTES],
        exception_handlers=problems.HANDLERS,
        before_send=[add_headers],
        lifespan=[partial(_running, settings)],
        plugins=[LitestarRun(settings), OmittedFields()],
        dependencies={"services": Provide(services_of, sync_to_thread=False)},
        openapi_config=pages.OPENAPI,
        logging_config=None,
        compression_config=COMPRESSION,
        # JSON may write a character as two escapes of six bytes.
        request_max_body_size=12 * settings.max_content + 1024,
    )


class LitestarRun(CLIPlugin):
    """The plugin for `litestar --app chinwag.asgi:create_app run`, which prepares the database once for all
    its server processes, as `chinwag serve` does."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def on_cli_init(self, cli: Group) -> None:
        """Add no commands: they are in chinwag.cli."""

    @contextlib.contextmanager
    def server_lifespan(self, app: Litestar) -> Iterator[None]:
        """Prepare the database for the server processes that run inside the block."""
        with prepared_database(self._settings):
            yield


@contextlib.asynccontextmanager
async def _running(settings: Settings, app: Litestar) -> AsyncIterator[None]:
    if settings.database_url is None:
        raise SettingsInvalid("DATABASE_URL is not set; `chinwag serve` brings a PostgreSQL of its own")
    if command := multiprocessing.parent_process():
        # If the command is killed, it cannot stop this process, which would keep the port for ever.
        asyncio.get_running_loop().add_reader(command.sentinel, signal.raise_signal, signal.SIGTERM)
    bots = load_bots(settings)
    async with open_pool(settings) as pool, contextlib.AsyncExitStack() as parts:
        threads = Threads(pool, bots[0].username if bots else None)
        standbys = Standbys(settings)
        await parts.enter_async_context(standbys.running())
        messages, read_marks, drafts = Messages(pool, standbys), ReadMarks(pool), SavedDrafts(pool)
        hub = Hub(
            messages.replay,
            threads.existing,
            threads.audiences,
            read_marks.frames,
            partial(pool.notify, CHANNEL),
            DraftSource(drafts.of_thread, drafts.want, drafts.under_way),
            late_rows_seconds=LATE_ROWS_SECONDS if settings.relay_url else 0,
        )
        server_id = uuid4()
        writer = Writer(pool, server_id)
        parts.push_async_callback(writer.drain)
        removal = Removal(pool)
        await parts.enter_async_context(removal.running())
        accounts, sessions, keys = Accounts(pool), Sessions(pool), Keys(pool)
        attempts, passwords = Attempts(pool), Passwords()
        sign_in = SignIn(accounts, sessions, keys, attempts, settings)
        password_sign_in = PasswordSignIn(
            accounts, sessions, attempts, passwords, settings, sign_in.forget
        )
        sign_outs = SignOuts(sign_in.still_valid, sign_in.remembers)
        await parts.enter_async_context(sign_in.running(sign_outs.with_sockets))
        receivers: list[Callable[[str], None]] = [
            hub.receive,
            sign_in.receive,  # before it is asked by sign_outs
            sign_outs.receive,
            removal.wake,
        ]
        replies = None
        if bots:
            replies = Replies(
                [OwnBot(bot, partial(accounts.bot, *names)) for *names, bot in bots],
                pool,
                writer,
                server_id,
                most_characters=settings.max_content,
                tells_typing=settings.bot_pace > 0,
                are_woken_early=settings.relay_url is not None,
            )
            receivers.append(replies.receive)
            await parts.enter_async_context(replies.running())
        relays, ways = Relays(pool), BothWays(receivers)
        hearing = Hearing(
            needs_relay=settings.needs_relay,
            are_relays_alone=relays.are_alone,
            on_loss=hub.lose_database,
            repair=hub.repair,
        )
        listener = Listener(
            settings.listen_url or settings.database_url,
            [*([ways.from_primary] if settings.relay_url else receivers), hearing.receive],
            notify=pool.notify,
            on_loss=partial(_lose_primary, hearing, sign_in),
            after_gap=partial(_hear_primary, hearing, sign_in, sign_outs),
            after_silence=pool.renew,
        )
        relay_listener = settings.relay_url and RelayListener(
            urls_in(settings.relay_url),
            ways.from_relay,
            write_beat=relays.write_beat,
            on_loss=hearing.lose_relay,
            after_gap=hearing.hear_relay,
            on_missed=hearing.miss,
        )
        health = ServerHealth(hearing, listener, pool)
        observed = Observed(
            settings=settings,
            pool=pool,
            standbys=standbys,
            writer=writer,
            hub=hub,
            listener=listener,
            health=health,
            replies=replies,
        )
        metrics = Metrics(observed, settings.metrics_directory)
        posts = settings.posts_per_second
        app.state["services"] = Services(
            settings=settings,
            bots=[wire.BotChoice(username, display_name) for username, display_name, _ in bots],
            accounts=accounts,
            bot_accounts=BotAccounts(pool),
            keys=keys,
            sessions=sessions,
            sign_in=sign_in,
            password_sign_in=password_sign_in,
            sign_outs=sign_outs,
            links=Links(pool),
            joining=Joining(pool, password_sign_in, attempts, passwords, settings.account),
            directory=Directory(pool),
            account_exports=AccountExports(pool),
            identities=Identities(pool, may_join=settings.oidc_may_join),
            openid=load_provider(settings),
            threads=threads,
            messages=messages,
            members=Members(pool),
            read_marks=read_marks,
            webhooks=Webhooks(pool),
            writer=writer,
            reply_orders=ReplyOrders(pool),
            search=Search(pool, standbys),
            exports=Exports(messages, accounts.names),
            hub=hub,
            health=health,
            metrics=metrics,
            limits=RateLimits(RateLimit(posts, BURST_SECONDS * posts), RateLimit(*REFUSALS)),
            changes=RateLimit(HTTP_SHARE * posts, HTTP_SHARE * BURST_SECONDS * posts),
            joins=asyncio.Semaphore(settings.pool_size),
        )
        await parts.enter_async_context(health.running())
        await parts.enter_async_context(metrics.running())
        await asyncio.to_thread(assets.prepare)
        await parts.enter_async_context(hearing.running(listener, relay_listener or None))
        await parts.enter_async_context(hub.presence.running())
        _collect_rarely()
        parts.enter_context(stops_later(settings.drain_seconds, health.drain))
        yield


def _lose_primary(hearing: Hearing, sign_in: SignIn) -> None:
    sign_in.lose_database()
    hearing.lose_primary()


async def _hear_primary(hearing: Hearing, sign_in: SignIn, sign_outs: SignOuts) -> None:
    sign_in.hear_again()
    sign_outs.check_all()
    await hearing.hear_primary()


def _collect_rarely() -> None:
    """Have the garbage collector run less often.

    Its usual 700 new objects are fifty handshakes, and it would look at objects that stay, again and again.
    Nothing here makes much garbage that only the garbage collector can free.
    """
    gc.collect()
    gc.freeze()  # what has been imported is not looked at any more
    gc.set_threshold(*GC_THRESHOLDS)
