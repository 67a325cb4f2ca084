"""The shapes of JSON and the codes on the wire, except those that SQL makes.

SQL makes the frames of messages and threads, and the JSON objects in them (sql/50_frame.sql,
sql/60_notify.sql), and the frames of the bot's typing (chinwag.bots.requests). The frames that a server makes
are in chinwag.frames.
"""

from chinwag.wire.base import MAX_ID as MAX_ID
from chinwag.wire.base import VISIBLE as VISIBLE
from chinwag.wire.base import Flag as Flag
from chinwag.wire.base import Id as Id
from chinwag.wire.base import Name as Name
from chinwag.wire.base import NewUsername as NewUsername
from chinwag.wire.base import Secret as Secret
from chinwag.wire.base import Seq as Seq
from chinwag.wire.base import StoredNumber as StoredNumber
from chinwag.wire.base import Usernames as Usernames
from chinwag.wire.close_codes import CloseCode as CloseCode
from chinwag.wire.conversation import PREVIEW_CHARACTERS as PREVIEW_CHARACTERS
from chinwag.wire.conversation import ClientFrame as ClientFrame
from chinwag.wire.conversation import Content as Content
from chinwag.wire.conversation import Ended as Ended
from chinwag.wire.conversation import Event as Event
from chinwag.wire.conversation import Failure as Failure
from chinwag.wire.conversation import Hit as Hit
from chinwag.wire.conversation import Level as Level
from chinwag.wire.conversation import Message as Message
from chinwag.wire.conversation import NewLevel as NewLevel
from chinwag.wire.conversation import NewMessage as NewMessage
from chinwag.wire.conversation import NewThread as NewThread
from chinwag.wire.conversation import Part as Part
from chinwag.wire.conversation import Problem as Problem
from chinwag.wire.conversation import Read as Read
from chinwag.wire.conversation import Role as Role
from chinwag.wire.conversation import SharedThread as SharedThread
from chinwag.wire.conversation import Thread as Thread
from chinwag.wire.conversation import ThreadChange as ThreadChange
from chinwag.wire.conversation import Title as Title
from chinwag.wire.health import Health as Health
from chinwag.wire.health import HealthCode as HealthCode
from chinwag.wire.health import HealthProblem as HealthProblem
from chinwag.wire.people import Account as Account
from chinwag.wire.people import AccountChange as AccountChange
from chinwag.wire.people import AccountDeletion as AccountDeletion
from chinwag.wire.people import BotChoice as BotChoice
from chinwag.wire.people import Credentials as Credentials
from chinwag.wire.people import Invitation as Invitation
from chinwag.wire.people import InvitationOrder as InvitationOrder
from chinwag.wire.people import LinkSignIn as LinkSignIn
from chinwag.wire.people import Member as Member
from chinwag.wire.people import NewInvitation as NewInvitation
from chinwag.wire.people import NewPerson as NewPerson
from chinwag.wire.people import PasswordChange as PasswordChange
from chinwag.wire.people import Person as Person
from chinwag.wire.people import PersonChange as PersonChange
from chinwag.wire.people import Session as Session
from chinwag.wire.people import SignInLink as SignInLink
from chinwag.wire.people import SignInLinkOrder as SignInLinkOrder
from chinwag.wire.people import SignInWays as SignInWays
from chinwag.wire.programs import Bot as Bot
from chinwag.wire.programs import Key as Key
from chinwag.wire.programs import KeyName as KeyName
from chinwag.wire.programs import MadeWebhook as MadeWebhook
from chinwag.wire.programs import NewBot as NewBot
from chinwag.wire.programs import NewKey as NewKey
from chinwag.wire.programs import NewWebhook as NewWebhook
from chinwag.wire.programs import Webhook as Webhook
