"""The migrations after the programs of sql/, for Piccolo: it has an application for each folder of migrations."""

from piccolo.conf.apps import AppConfig

from app.schema import CONTRACT, migrations_folder

APP_CONFIG = AppConfig(app_name=CONTRACT, migrations_folder_path=str(migrations_folder(CONTRACT)))
