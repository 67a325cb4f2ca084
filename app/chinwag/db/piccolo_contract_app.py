"""Piccolo's configuration of the migrations that run after the programs of sql/."""

from piccolo.conf.apps import AppConfig

from chinwag.db.schema import CONTRACT, migrations_folder

APP_CONFIG = AppConfig(app_name=CONTRACT, migrations_folder_path=str(migrations_folder(CONTRACT)))
