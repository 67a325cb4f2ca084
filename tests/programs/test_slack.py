"""What programs send to Slack's webhooks becomes the content of a message."""

import json
from typing import Any
from urllib.parse import urlencode

import pytest

from chinwag.web.slack import FORM, InvalidPayload, content_in

JSON = "application/json"


@pytest.mark.parametrize(
    ("payload", "content"),
    [
        ({"text": "the build is green"}, "the build is green"),
        ({"text": "two\nlines", "username": "x", "icon_emoji": ":x:", "channel": "#y"}, "two\nlines"),
        ({"text": "see <https://example.org/a?b=c|the log>"}, "see [the log](https://example.org/a?b=c)"),
        ({"text": "see <https://example.org/>"}, "see https://example.org/"),
        ({"text": "1 &lt; 2 &amp;&amp; 3 &gt; 2, &amp;lt; &quot;"}, "1 < 2 && 3 > 2, &lt; &quot;"),
        ({"text": "<script>alert(1)</script> <javascript:alert(1)|x>"}, None),
        ({"text": ""}, ""),
        ({"text": None}, ""),
        ({}, ""),
        ({"attachments": [{"fallback": "it failed", "color": "danger"}]}, "it failed"),
        (
            {
                "text": "[FIRING:1]",
                "attachments": [
                    {
                        "fallback": "not shown",
                        "title": "DiskFull",
                        "title_link": "https://example.org/alerts",
                        "text": "on db1",
                        "fields": [{"title": "severity", "value": "page", "short": True}, {"value": 3}],
                    }
                ],
            },
            "[FIRING:1]\n[DiskFull](https://example.org/alerts)\non db1\nseverity: page\n3",
        ),
        (
            {
                "blocks": [
                    {"type": "header", "text": {"type": "plain_text", "text": "Deployed"}},
                    {"type": "section", "fields": [{"type": "mrkdwn", "text": "to production"}]},
                    {"type": "context", "elements": [{"type": "mrkdwn", "text": "by ann"}]},
                    {"type": "divider"},
                ]
            },
            "Deployed\nto production\nby ann",
        ),
        ({"text": "short", "blocks": [{"type": "section", "text": {"text": "long"}}]}, "short"),
    ],
)
def test_the_text_of_a_payload(payload: dict[str, Any], content: str | None) -> None:
    expected = payload["text"] if content is None else content
    assert content_in(json.dumps(payload).encode(), JSON) == expected
    assert content_in(urlencode({"payload": json.dumps(payload)}).encode(), FORM) == expected


def test_json_that_curl_calls_a_form_is_taken() -> None:
    assert content_in(b' {"text": "1 + 1 = 2 & so on"}', FORM) == "1 + 1 = 2 & so on"


@pytest.mark.parametrize(
    ("body", "media_type"),
    [
        (b"", JSON),
        (b"hello", JSON),
        (b"null", JSON),
        (b'"hello"', JSON),
        (b"[]", JSON),
        (b'{"text": 1}', JSON),
        (b'{"text": {"text": "x"}}', JSON),
        (b'{"text": "\\ud800"}', JSON),
        (b'{"text": "\xff"}', JSON),
        (b'{"attachments": "x"}', JSON),
        (b'{"attachments": ["x"]}', JSON),
        (b'{"blocks": {"text": "x"}}', JSON),
        (b'{"blocks": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", JSON),
        (b'{"blocks": ' + b"[" * 900 + b"]" * 900 + b"}", JSON + "x"),
        (b"text=hello", FORM),
        (b"payload=hello", FORM),
        (b"payload=%ff", FORM),
        (b"&".join(b"a=b" for _ in range(200)), FORM),
    ],
)
def test_what_is_no_payload(body: bytes, media_type: str) -> None:
    try:
        assert content_in(body, media_type) == ""  # nested deep, and still readable
        assert b"[" * 900 in body
    except InvalidPayload:
        pass
