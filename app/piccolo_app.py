"""The application as Piccolo sees it: its tables, and where its migrations are."""

from pathlib import Path

from piccolo.conf.apps import AppConfig

from app.tables import Account, Message, MessageWords, RemovedThread, ReplyRequest, Thread

APP_CONFIG = AppConfig(
    app_name="chinwag",
    migrations_folder_path=str(Path(__file__).parent / "migrations"),
    table_classes=[Account, Thread, Message, MessageWords, ReplyRequest, RemovedThread],
    migration_dependencies=[],
)
