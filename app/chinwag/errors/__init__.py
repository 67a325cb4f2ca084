"""All errors that Chinwag itself raises.

    ChinwagError
    ├── SettingsInvalid            at start: a setting is unknown or has a wrong value
    ├── EmbeddedPostgresFailed     at start: the embedded PostgreSQL cannot run
    ├── DatabaseUnsuitable         at start: too old, or not in UTF-8
    ├── CannotHear                 at start: no notification of the database arrives
    ├── LoadFailed                 in `chinwag bench`: the measured server did not do what it must
    └── Refusal                    an answer to a client: `code` and HTTP `status`
        ├── BadInput               400: the request is wrong, and would be wrong again
        │   ├── BadJson
        │   ├── BadMessage
        │   ├── ContentIsEmpty
        │   ├── ContentTooLong
        │   ├── DisplayNameRefused
        │   ├── PasswordRefused
        │   ├── UsernameRefused
        │   └── TitleIsWrong
        ├── NotSignedIn            401
        │   ├── OpenIDFailed
        │   ├── WrongKey
        │   └── WrongPassword
        ├── NotAllowed             403
        ├── OriginNotAllowed       403
        ├── NoSuchThread           404
        ├── NoSuchAccount          404
        ├── NoSuchInvitation       404
        ├── NoSuchLink             404
        ├── NoSuchSession          404
        ├── NoSuchKey              404
        ├── NoSuchWebhook          404
        ├── RequestTimeout         408
        ├── AccountExists          409
        ├── DirectChatRefused      409
        ├── MembersAreFixed        409
        ├── LastAdmin              409
        ├── PasswordNeeded         409
        ├── NoReplyUnderWay        409
        ├── ReplyUnderWay          409
        ├── NotAReply              409
        ├── CannotReplace          409
        ├── HostNotAllowed         421
        ├── TooManyRequests        429: the request is right, but there were too many
        │   └── TooManySignIns
        ├── HeadTooLarge           431
        └── TryAgain               503: the request is right, and may succeed later
            ├── DatabaseUnavailable
            │   └── OutcomeUnknown
            ├── ThreadBusy
            ├── SearchBusy
            ├── SearchTooLong
            ├── SignInBusy
            ├── TooManyConnections
            ├── TooManyExports
            └── ServerStopping

The docstring of a class is its message, unless the error is raised with a more exact one.
"""

from chinwag.errors.bad_input import BadInput as BadInput
from chinwag.errors.bad_input import BadJson as BadJson
from chinwag.errors.bad_input import BadMessage as BadMessage
from chinwag.errors.bad_input import ContentIsEmpty as ContentIsEmpty
from chinwag.errors.bad_input import ContentTooLong as ContentTooLong
from chinwag.errors.bad_input import DisplayNameRefused as DisplayNameRefused
from chinwag.errors.bad_input import PasswordRefused as PasswordRefused
from chinwag.errors.bad_input import TitleIsWrong as TitleIsWrong
from chinwag.errors.bad_input import UsernameRefused as UsernameRefused
from chinwag.errors.base import CannotHear as CannotHear
from chinwag.errors.base import ChinwagError as ChinwagError
from chinwag.errors.base import DatabaseUnsuitable as DatabaseUnsuitable
from chinwag.errors.base import EmbeddedPostgresFailed as EmbeddedPostgresFailed
from chinwag.errors.base import LoadFailed as LoadFailed
from chinwag.errors.base import Refusal as Refusal
from chinwag.errors.base import SettingsInvalid as SettingsInvalid
from chinwag.errors.denied import AccountExists as AccountExists
from chinwag.errors.denied import CannotReplace as CannotReplace
from chinwag.errors.denied import DirectChatRefused as DirectChatRefused
from chinwag.errors.denied import HostNotAllowed as HostNotAllowed
from chinwag.errors.denied import LastAdmin as LastAdmin
from chinwag.errors.denied import MembersAreFixed as MembersAreFixed
from chinwag.errors.denied import NoReplyUnderWay as NoReplyUnderWay
from chinwag.errors.denied import NoSuchAccount as NoSuchAccount
from chinwag.errors.denied import NoSuchInvitation as NoSuchInvitation
from chinwag.errors.denied import NoSuchKey as NoSuchKey
from chinwag.errors.denied import NoSuchLink as NoSuchLink
from chinwag.errors.denied import NoSuchSession as NoSuchSession
from chinwag.errors.denied import NoSuchThread as NoSuchThread
from chinwag.errors.denied import NoSuchWebhook as NoSuchWebhook
from chinwag.errors.denied import NotAllowed as NotAllowed
from chinwag.errors.denied import NotAReply as NotAReply
from chinwag.errors.denied import NotSignedIn as NotSignedIn
from chinwag.errors.denied import OpenIDFailed as OpenIDFailed
from chinwag.errors.denied import OriginNotAllowed as OriginNotAllowed
from chinwag.errors.denied import PasswordNeeded as PasswordNeeded
from chinwag.errors.denied import ReplyUnderWay as ReplyUnderWay
from chinwag.errors.denied import WrongKey as WrongKey
from chinwag.errors.denied import WrongPassword as WrongPassword
from chinwag.errors.limits import DatabaseUnavailable as DatabaseUnavailable
from chinwag.errors.limits import HeadTooLarge as HeadTooLarge
from chinwag.errors.limits import OutcomeUnknown as OutcomeUnknown
from chinwag.errors.limits import RequestTimeout as RequestTimeout
from chinwag.errors.limits import SearchBusy as SearchBusy
from chinwag.errors.limits import SearchTooLong as SearchTooLong
from chinwag.errors.limits import ServerStopping as ServerStopping
from chinwag.errors.limits import SignInBusy as SignInBusy
from chinwag.errors.limits import ThreadBusy as ThreadBusy
from chinwag.errors.limits import TooManyConnections as TooManyConnections
from chinwag.errors.limits import TooManyExports as TooManyExports
from chinwag.errors.limits import TooManyRequests as TooManyRequests
from chinwag.errors.limits import TooManySignIns as TooManySignIns
from chinwag.errors.limits import TryAgain as TryAgain
