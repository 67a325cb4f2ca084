"""Signing in by an OpenID provider: the authorization code flow with PKCE (OpenID Connect Core 1.0, section
3.1; RFC 7636).

The browser is sent to the provider, which sends it back with a code, for which the provider gives an ID token
to this server. It needs authlib, which is an extra, and is imported only where a provider is set.
"""

import asyncio
import secrets
from typing import Any

import structlog
from authlib.integrations.httpx_client import AsyncOAuth2Client
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.jwk import KeySet

from chinwag.chat.identities import Flow, Identity
from chinwag.errors import OpenIDFailed
from chinwag.settings import Settings

SCOPE = "openid profile email"
ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"]
"""Signatures with the key of the provider. With HS256, the client secret would be enough to forge one."""

ANSWER_SECONDS = 10
LEEWAY_SECONDS = 60
"""The clocks of the provider and of this server may differ by so much."""

AT_ONCE = 8

SECRET_BYTES = 32

log = structlog.get_logger(__name__)


class OpenIDProvider:
    """The provider that the settings name."""

    def __init__(self, settings: Settings) -> None:
        assert settings.oidc_issuer is not None
        self.name = settings.oidc_name
        self._issuer = settings.oidc_issuer
        self._client_id = settings.oidc_client_id
        self._client_secret = settings.oidc_client_secret
        self._metadata: dict[str, Any] | None = None
        self._slots = asyncio.Semaphore(AT_ONCE)

    async def begin(self, redirect_uri: str, next: str) -> tuple[str, Flow]:
        """Return the address of the provider to which the browser is sent, and what it has to keep.

        Raises:
            OpenIDFailed: the provider does not answer.
        """
        state, nonce, verifier = (secrets.token_urlsafe(SECRET_BYTES) for _ in range(3))
        flow = Flow(state, nonce, verifier, next)
        async with self._slots, self._client(redirect_uri) as client:
            metadata = await self._asked(self._discover(client))
        url, _ = client.create_authorization_url(
            metadata["authorization_endpoint"],
            state=flow.state,
            code_verifier=flow.verifier,
            nonce=flow.nonce,
        )
        return url, flow

    async def finish(self, redirect_uri: str, flow: Flow, code: str) -> Identity:
        """Return who the person is with whose code the browser has come back.

        Raises:
            OpenIDFailed: the provider does not answer, or its answer does not prove anything.
        """
        async with self._slots, self._client(redirect_uri) as client:
            identity: Identity = await self._asked(self._identify(client, flow, code))
        return identity

    async def _identify(self, client: Any, flow: Flow, code: str) -> Identity:
        metadata = await self._discover(client)
        token = await client.fetch_token(
            metadata["token_endpoint"],
            code=code,
            code_verifier=flow.verifier,
            grant_type="authorization_code",
        )
        # They are read each time, because a provider may change them at any time.
        keys = KeySet.import_key_set(await _read(client, metadata["jwks_uri"]))
        signed = jwt.decode(token["id_token"], keys, algorithms=ALGORITHMS)
        claims = CodeIDToken(
            signed.claims,
            signed.header,
            {
                "iss": {"essential": True, "value": self._issuer},
                "aud": {"essential": True, "value": self._client_id},
            },
            {"nonce": flow.nonce, "client_id": self._client_id, "access_token": token.get("access_token")},
        )
        claims.validate(leeway=LEEWAY_SECONDS)  # type: ignore[no-untyped-call]
        about = dict(claims)
        if "preferred_username" not in about and "userinfo_endpoint" in metadata:
            more = (await client.get(metadata["userinfo_endpoint"])).raise_for_status().json()
            if more.get("sub") == claims["sub"]:  # or it is about somebody else (section 5.3.2)
                about |= more
        return Identity(self._issuer, str(claims["sub"]), _username(about), str(about.get("name") or ""))

    async def _discover(self, client: Any) -> dict[str, Any]:
        """Return the provider's addresses (OpenID Connect Discovery 1.0, section 4)."""
        if self._metadata is None:
            url = f"{self._issuer.rstrip('/')}/.well-known/openid-configuration"
            metadata = await _read(client, url)
            if metadata["issuer"] != self._issuer:
                raise OpenIDFailed(f"the provider calls itself {metadata['issuer']!r}")
            self._metadata = metadata
        return self._metadata

    async def _asked(self, answer: Any) -> Any:
        """Wait for an answer. Whatever is wrong with it, it proves nothing."""
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                return await answer
        except Exception as error:
            # Its text may contain the code or the token.
            log.warning("openid_failed", error=type(error).__name__, issuer=self._issuer)
            raise OpenIDFailed() from None

    def _client(self, redirect_uri: str) -> Any:
        return AsyncOAuth2Client(  # type: ignore[no-untyped-call]
            self._client_id,
            self._client_secret,
            redirect_uri=redirect_uri,
            scope=SCOPE,
            code_challenge_method="S256",
            token_endpoint_auth_method="client_secret_basic" if self._client_secret else "none",
            timeout=ANSWER_SECONDS,
        )


async def _read(client: Any, url: str) -> Any:
    return (await client.request("GET", url, withhold_token=True)).raise_for_status().json()


def _username(about: dict[str, Any]) -> str:
    for claim in ("preferred_username", "nickname", "email", "name"):
        if isinstance(about.get(claim), str) and about[claim]:
            return str(about[claim])
    return ""
