"""Piccolo's registry: the engine and the applications, for its own commands and for migrations."""

from piccolo.conf.apps import AppRegistry

from chinwag.db.tables import DB as DB

APP_REGISTRY = AppRegistry(apps=["chinwag.db.piccolo_app", "chinwag.db.piccolo_contract_app"])
