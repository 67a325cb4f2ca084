"""The OpenAPI document: what it says of the API as a whole, so that programs can be generated from it."""

from dataclasses import dataclass
from importlib.metadata import version

from litestar.handlers.http_handlers import HTTPRouteHandler
from litestar.openapi import OpenAPIConfig
from litestar.openapi.plugins import OpenAPIRenderPlugin
from litestar.openapi.spec import Components, License, Operation, Schema, SecurityScheme, Server, Tag
from litestar.plugins import OpenAPISchemaPlugin
from litestar.router import Router
from litestar.types import Method
from litestar.types.internal_types import PathParameterDefinition
from litestar.typing import FieldDefinition
from msgspec import UnsetType

DESCRIPTION = """\
A real-time chat on PostgreSQL. Persons sign in with a password and get a cookie; programs send the key of a
bot account with each request. On the computer of the server, the only person needs neither.

New messages come over WebSockets: `/docs/sockets` describes them, and `/docs/asyncapi.json` does so for
programs.
"""

TAGS = {
    "account": "Who is signed in, where and how.",
    "people": "The accounts of all, persons and bots, with their names and rights.",
    "invitations": "Links by which people join.",
    "threads": "The conversations, which people call chats.",
    "members": "Who sees a thread, and what each account has read of it.",
    "messages": "What is written in them.",
    "bots": "The accounts of programs, and their keys. Only for administrators.",
    "webhooks": "Addresses to which programs send messages, as they send them to Slack's.",
    "health": "For load balancers.",
}

SCHEMES = {
    "session": SecurityScheme(
        type="apiKey",
        name="chinwag",
        security_scheme_in="cookie",
        description="The cookie that signing in sets. Under HTTPS its name is `__Host-chinwag`.",
    ),
    "key": SecurityScheme(
        type="http",
        scheme="bearer",
        description="The key of a bot account, such as `chinwag_key_…`. It counts more than a cookie.",
    ),
}

FOR_PERSONS = [{"session": list[str]()}]
"""The `security` of a handler that refuses keys (chinwag.web.permissions)."""


@dataclass
class ForEverybody(Operation):
    """The `operation_class` of a handler for which nobody has to be signed in."""

    def __post_init__(self) -> None:
        self.security = []  # Litestar takes `security=[]` of a handler for none


class OmittedFields(OpenAPISchemaPlugin):
    """The plugin that describes a field that may be left out (`… | UnsetType`) by its type, because a union
    of one type is none."""

    def is_plugin_supported_field(self, field_definition: FieldDefinition) -> bool:
        return len(_types_of(field_definition)) == 1

    def to_openapi_schema(self, field_definition: FieldDefinition, schema_creator: object) -> Schema:
        [only] = _types_of(field_definition)
        schema = schema_creator.for_field_definition(only)  # type: ignore[attr-defined]  # SchemaCreator
        assert isinstance(schema, Schema)
        return schema


def openapi_config(router: Router, page: OpenAPIRenderPlugin) -> OpenAPIConfig:
    """Return the configuration of the document, which is served by `router` beside a page for people."""
    return OpenAPIConfig(
        title="Chinwag",
        version=version("chinwag"),
        description=DESCRIPTION,
        license=License("MIT", identifier="MIT"),
        servers=[Server("/", description="This server.")],
        tags=[Tag(name, description) for name, description in TAGS.items()],
        security=[{name: []} for name in SCHEMES],
        components=Components(security_schemes=dict(SCHEMES)),
        operation_id_creator=_operation_id,
        openapi_router=router,
        render_plugins=[page],
    )


def _operation_id(
    handler: HTTPRouteHandler, _method: Method, _path: list[str | PathParameterDefinition]
) -> str:
    """Return the name of a handler as JavaScript writes it: `listMessages` for list_messages."""
    first, *others = handler.handler_name.split("_")
    return first + "".join(other.title() for other in others)


def _types_of(field: FieldDefinition) -> list[FieldDefinition]:
    """The types of a union with UnsetType, without this one; none for any other type."""
    if not field.is_union or all(one.annotation is not UnsetType for one in field.inner_types):
        return []
    return [one for one in field.inner_types if one.annotation is not UnsetType]
