"""Permissions: what only a person may do, and what only an administrator."""

from chinwag.chat.accounts import SignedIn
from chinwag.errors import NotAllowed
from chinwag.web.services import Services


def check_person(who: SignedIn) -> None:
    """Refuse a program that is signed in with a key. Whoever finds a key must not be able to get more keys
    with it, or to lock others out.

    Raises:
        NotAllowed
    """
    if who.key_id is not None:
        raise NotAllowed("a key is not enough for this: a person has to sign in")


async def check_admin(who: SignedIn, services: Services) -> None:
    """Refuse who is not an administrator at this moment.

    Raises:
        NotAllowed
    """
    check_person(who)
    if not await services.accounts.is_admin(who.account_id):
        raise NotAllowed("only an administrator may do this")
