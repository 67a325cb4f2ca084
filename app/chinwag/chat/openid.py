"""The OpenID provider of the settings. What talks to it is an extra, and is imported only where there is
one."""

from typing import TYPE_CHECKING

from chinwag.errors import SettingsInvalid
from chinwag.settings import Settings

if TYPE_CHECKING:
    from chinwag.chat.openid_client import OpenIDProvider


def load_provider(settings: Settings) -> "OpenIDProvider | None":
    """Return the OpenID provider of the settings, if there is one.

    Raises:
        SettingsInvalid: what it needs is not installed.
    """
    if settings.oidc_issuer is None:
        return None
    try:
        from chinwag.chat.openid_client import OpenIDProvider
    except ImportError as error:
        needed = f"it needs more than is installed ({error.name}): pip install 'chinwag[oidc]'"
        raise SettingsInvalid(f"oidc_issuer: {needed}") from None
    return OpenIDProvider(settings)
