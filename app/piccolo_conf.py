"""Where Piccolo finds the engine and the app, when its own commands or migrations run."""

from piccolo.conf.apps import AppRegistry

from app.tables import DB as DB

APP_REGISTRY = AppRegistry(apps=["app.piccolo_app", "app.piccolo_contract_app"])
