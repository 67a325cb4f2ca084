"""The application as Piccolo sees it: its tables, and its migrations before the programs of sql/."""

from piccolo.conf.apps import AppConfig

from app.schema import EXPAND, migrations_folder
from app.tables import Account, Message, MessageWords, RemovedThread, ReplyRequest, Thread

APP_CONFIG = AppConfig(
    app_name=EXPAND,
    migrations_folder_path=str(migrations_folder(EXPAND)),
    table_classes=[Account, Thread, Message, MessageWords, ReplyRequest, RemovedThread],
    migration_dependencies=[],
)
