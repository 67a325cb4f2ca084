"""The services of a server process, as its request handlers and middlewares get them."""

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.params import SkipValidation

from chinwag import wire
from chinwag.bots.orders import ReplyOrders
from chinwag.chat.account_export import AccountExports
from chinwag.chat.accounts import Accounts
from chinwag.chat.bot_accounts import BotAccounts
from chinwag.chat.directory import Directory
from chinwag.chat.export import Exports
from chinwag.chat.identities import Identities
from chinwag.chat.joining import Joining
from chinwag.chat.keys import Keys
from chinwag.chat.links import Links
from chinwag.chat.members import Members
from chinwag.chat.messages import Messages
from chinwag.chat.password_sign_in import PasswordSignIn
from chinwag.chat.read_marks import ReadMarks
from chinwag.chat.search import Search
from chinwag.chat.sessions import Sessions
from chinwag.chat.sign_in import SignIn
from chinwag.chat.threads import Threads
from chinwag.chat.webhooks import Webhooks
from chinwag.chat.writer import Writer
from chinwag.monitoring.health import ServerHealth
from chinwag.monitoring.metrics import Metrics
from chinwag.push.hub import Hub
from chinwag.push.rate_limit import RateLimit
from chinwag.push.sign_outs import SignOuts
from chinwag.push.subscription import RateLimits
from chinwag.settings import Settings

if TYPE_CHECKING:
    from chinwag.chat.openid_client import OpenIDProvider  # it needs an extra


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """The parts of a server process, which are made once at its start (chinwag.asgi).

    Attributes:
        bots: the bots of this server, the default one first.
        limits: the rate limits of the subscriptions, and of what an account or a webhook asks for over HTTP.
        changes: the rate limit of the changes that an address may ask for over HTTP.
        joins: how many subscriptions may read the database at the same time as they begin.
    """

    settings: Settings
    bots: list[wire.BotChoice]
    accounts: Accounts
    bot_accounts: BotAccounts
    keys: Keys
    sessions: Sessions
    sign_in: SignIn
    password_sign_in: PasswordSignIn
    sign_outs: SignOuts
    links: Links
    joining: Joining
    directory: Directory
    account_exports: AccountExports
    identities: Identities
    openid: "OpenIDProvider | None"
    threads: Threads
    messages: Messages
    members: Members
    read_marks: ReadMarks
    webhooks: Webhooks
    writer: Writer
    reply_orders: ReplyOrders
    search: Search
    exports: Exports
    hub: Hub
    health: ServerHealth
    metrics: Metrics
    limits: RateLimits
    changes: RateLimit
    joins: asyncio.Semaphore


Provided = NamedDependency[SkipValidation[Services]]
"""The type of the parameter `services` of a handler."""


def services_of(state: State) -> Services:
    """Return the services in the state of an application: this is the dependency `services` of handlers."""
    services: Services = state["services"]
    return services
