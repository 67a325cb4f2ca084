"""Where Piccolo finds the engine and the app, when its own commands or migrations run."""

from piccolo.conf.apps import AppRegistry

from chinwag.db.tables import DB as DB

APP_REGISTRY = AppRegistry(apps=["chinwag.db.piccolo_app", "chinwag.db.piccolo_contract_app"])
