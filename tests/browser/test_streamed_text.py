"""A reply that is being written looks right at each moment, and what is read in it stays where it is."""

import json
from pathlib import Path

import pytest

from tests.support.page import Open
from tests.support.streamed_text import start

REPLIES: list[str] = json.loads(
    (Path(__file__).parents[1] / "support" / "replies.json").read_text(encoding="utf-8")
)
REPLY = REPLIES[-1]


async def test_a_complete_reply_looks_as_if_it_had_come_at_once(open_page: Open, thread: int) -> None:
    page = await start(open_page, thread)
    for text in [*REPLIES, "\n\n".join(REPLIES), "a\r\n\r\n- b\r\n\r\nc"]:
        shown, expected = await page.evaluate(
            """text => {
                stream(text, 0, 3);
                streamed.show(text, true);
                const expected = document.createElement("div");
                expected.append(formatted(text));
                return [told.innerHTML, expected.innerHTML].map(one => one.replaceAll(' disabled=""', ""));
            }""",
            text,
        )
        assert shown == expected


@pytest.mark.parametrize("text", ["- `a` *b*\n" * 4_000, "| a | b |\n|-|-|\n" + "| c | `d` |\n" * 3_000])
async def test_a_long_block_is_complete_at_the_end(open_page: Open, thread: int, text: str) -> None:
    """While it is being written, it is read again only when it has grown by a hundredth."""
    page = await start(open_page, thread)
    shown, expected = await page.evaluate(
        """text => {
            stream(text, 0, 50);
            streamed.show(text, true);
            const expected = document.createElement("div");
            expected.append(formatted(text));
            return [told.innerHTML, expected.innerHTML];
        }""",
        text,
    )
    assert shown == expected


async def test_each_step_looks_as_if_it_had_come_at_once(open_page: Open, thread: int) -> None:
    page = await start(open_page, thread)
    differing: list[str] = await page.evaluate(
        """texts => texts.flatMap(text => {
            const differing = [];
            for (let end = 0; end < text.length; end++) {
                const prefix = text.slice(0, end);
                const other = document.createElement("div");
                streamed.show(prefix);
                new StreamedText(other).show(prefix);
                const [a, b] = [told, other].map(one => one.innerHTML.replaceAll(' disabled=""', ""));
                if (a !== b) differing.push([prefix, a, b]);
            }
            return differing;
        })""",
        REPLIES,
    )
    assert differing == []


async def test_what_is_before_the_last_block_stays_the_same(open_page: Open, thread: int) -> None:
    page = await start(open_page, thread)
    replaced: list[str] = await page.evaluate(
        """text => {
            const nodesOf = one => [one, ...[...one.childNodes].flatMap(nodesOf)];
            const replaced = [];
            for (let end = 0; end < text.length; end++) {
                const blocks = [...told.children];
                const kept = [...blocks.slice(0, -1).flatMap(nodesOf), ...blocks.slice(-1)];
                streamed.show(text.slice(0, end));
                if (kept.some(node => !told.contains(node))) replaced.push(text.slice(0, end));
            }
            return replaced;
        }""",
        REPLY,
    )
    # The last block is only another one after a line of which nobody could know what it is.
    assert replaced == []


async def test_what_is_selected_scrolled_and_focused_stays(open_page: Open, thread: int) -> None:
    page = await start(open_page, thread, viewport={"width": 360, "height": 640})
    before = f"Some **bold** words.\n\n```python\n{'x' * 300}\n```\n\nThen\n\n```js\n{'y' * 300}\n"
    await page.evaluate("text => stream(text)", before + "z")
    await page.evaluate("""() => {
        getSelection().selectAllChildren(told.querySelector("strong"));
        for (const box of told.querySelectorAll("pre")) box.scrollLeft = 100;
        told.querySelectorAll("pre")[1].focus();
    }""")
    text = before + "z\n" * 200 + f"```\n\n{REPLY}"
    await page.evaluate("([text, from]) => stream(text, from)", [text, len(before)])
    assert await page.evaluate("getSelection().toString()") == "bold"
    assert await page.evaluate(
        "[...told.querySelectorAll('pre')].slice(0, 2).map(box => box.scrollLeft)"
    ) == [100, 100]
    assert await page.evaluate("told.querySelectorAll('pre')[1] === document.activeElement")


async def test_a_selection_in_the_words_that_grow_stays(open_page: Open, thread: int) -> None:
    page = await start(open_page, thread)
    await page.evaluate("""() => {
        streamed.show("Some words");
        const words = told.querySelector("p").firstChild;
        getSelection().setBaseAndExtent(words, 0, words, 4);
        stream("Some words and **more** of `them`.\\n", 10, 1);
    }""")
    assert await page.evaluate("getSelection().toString()") == "Some"


async def test_another_text_takes_the_place_of_a_former_one(open_page: Open, thread: int) -> None:
    page = await start(open_page, thread)
    for text in ["", "Another.", "Another one\n\n- of\n- blocks\n\nand", REPLY[:40]]:
        await page.evaluate("text => stream(text)", REPLY)
        shown, expected = await page.evaluate(
            """text => {
                streamed.show(text, true);
                const expected = document.createElement("div");
                expected.append(formatted(text));
                return [told.innerHTML, expected.innerHTML];
            }""",
            text,
        )
        assert shown == expected


async def test_a_half_link_leads_nowhere(open_page: Open, thread: int) -> None:
    page = await start(open_page, thread)
    link = "See [the docs](https://docs.example/a) and https://docs.example/b and"
    counts: list[int] = await page.evaluate(
        """text => Array.from(text, (_, end) => {
            streamed.show(text.slice(0, end));
            return told.querySelectorAll("a").length;
        })""",
        link,
    )
    first, second = link.index(")") + 1, link.index(" and", 40) + 1
    assert [counts.index(1), counts.index(2)] == [first, second]
    assert counts == sorted(counts)


FLOODS = {
    "backticks": "`",
    "links": "[a](http://",
    "emphasis": "*_a",
    "cells": "| a | b |\n|-|-|\n",
    "items": "- `a`\n",
    "code": "a``",
    "quotes in code": "```py\n" + "\"'" * 10,
    "dollars": "$a",
}

NOISE_MS = 1_000
"""What the steps of a tenth of a text may take in any case: most take no time that can be measured."""

TIMES = """text => {
    const times = [];
    for (let end = 0; end < text.length; end += 20) {
        const prefix = text.slice(0, end);
        const start = performance.now();
        streamed.show(prefix);
        times.push(performance.now() - start);
    }
    return times;
}"""


@pytest.mark.parametrize("flood", FLOODS)
async def test_a_flood_of_marks_streams(open_page: Open, thread: int, flood: str) -> None:
    """What a step costs does not grow with the square of what was written before it."""
    page = await start(open_page, thread)
    unit = FLOODS[flood]
    times = await page.evaluate(TIMES, (unit * 100_000)[:100_000])
    tenth = len(times) // 10
    *begin, end = (sum(times[place : place + tenth]) for place in (0, tenth, 2 * tenth, 9 * tenth))
    assert end < 10 * max(begin) + NOISE_MS
