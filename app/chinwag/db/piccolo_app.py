"""Piccolo's configuration of the tables and of the migrations that run before the programs of sql/."""

from piccolo.conf.apps import AppConfig

from chinwag.db.schema import EXPAND, migrations_folder
from chinwag.db.tables import (
    Account,
    AccountKey,
    Draft,
    Identity,
    Link,
    Member,
    Mention,
    Message,
    MessageWords,
    ReadMark,
    RelayBeat,
    RemovedThread,
    ReplyRequest,
    Session,
    SignInAttempt,
    Thread,
    Webhook,
)

APP_CONFIG = AppConfig(
    app_name=EXPAND,
    migrations_folder_path=str(migrations_folder(EXPAND)),
    table_classes=[
        Account,
        Session,
        Link,
        Identity,
        SignInAttempt,
        AccountKey,
        Thread,
        Member,
        ReadMark,
        Mention,
        Webhook,
        Message,
        MessageWords,
        ReplyRequest,
        Draft,
        RemovedThread,
        RelayBeat,
    ],
    migration_dependencies=[],
)
