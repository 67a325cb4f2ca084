"""A reply that is being written looks right at each moment, and what is read in it stays where it is."""

import json
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Page, expect

from chinwag.db.pool import Connection
from tests.support.page import Open, contents, write

REPLIES: list[str] = json.loads(
    (Path(__file__).parents[1] / "support" / "replies.json").read_text(encoding="utf-8")
)
REPLY = REPLIES[-1]

# A message of nobody, in which `stream` writes. The last one is shown as it would be at once.
START = """async () => {
    const { StreamedText } = await import("/static/text/streamed-text.js");
    const { formatted } = await import("/static/text/formatted-text.js");
    window.StreamedText = StreamedText;
    window.formatted = formatted;
    window.told = document.createElement("div");
    told.className = "content";
    document.querySelector(".entries").append(told);
    window.streamed = new StreamedText(told);
    window.stream = (text, from = 0, step = 20) => {
        for (let end = from; end < text.length; end += step) streamed.show(text.slice(0, end));
    };
}"""


async def start(open_page: Open, thread: int, **options: Any) -> Page:
    page = await open_page(f"/threads/{thread}", **options)
    await expect(page.locator(".entries")).to_be_attached()
    await page.evaluate(START)
    return page


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


CODE = '''"""Doc
string"""
def f(x):
    return x + 1  # "one"
'''

# The texts that are painted, by kind.
PAINTED = """() => Object.fromEntries([...CSS.highlights].map(([name, ranges]) => [
    name,
    [...ranges]
        .sort((a, b) => a.startOffset - b.startOffset)
        .map(it => it.startContainer.data.slice(it.startOffset, it.endOffset)),
]).filter(([, texts]) => texts.length))"""


async def test_code_has_colours_and_stays_plain_text(open_page: Open, db: Connection, thread: int) -> None:
    texts = [f"```py\n{CODE}```", "```\ndef f\n```", "```constructor\ndef f\n```"]
    await db.execute("insert into message (thread_id, content) select $1, unnest($2::text[])", thread, texts)
    page = await open_page(f"/threads/{thread}")
    await page.wait_for_function(f"() => Object.keys(({PAINTED})()).length === 4")
    assert await page.evaluate(PAINTED) == {
        "code-comment": ['# "one"'],
        "code-keyword": ["def", "return"],
        "code-number": ["1"],
        "code-string": ['"""Doc\nstring"""'],
    }
    assert await contents(page).first.locator("code").evaluate("it => it.childNodes.length") == 1
    await page.evaluate("document.querySelector('.entries').replaceChildren()")
    await page.wait_for_function(f"() => Object.keys(({PAINTED})()).length === 0")


async def test_code_that_is_being_written_has_colours(open_page: Open, thread: int) -> None:
    page = await start(open_page, thread)
    await page.evaluate("text => stream(text, 0, 5)", f"```python\n{CODE[:20]}")
    await page.wait_for_function(f"() => ({PAINTED})()['code-string']?.length")
    await page.evaluate("([text, from]) => stream(text, from, 5)", [f"```python\n{CODE}'", 25])
    await page.wait_for_function(f"() => ({PAINTED})()['code-comment']?.length")
    painted = await page.evaluate(PAINTED)
    assert painted["code-keyword"] == ["def", "return"]
    assert painted["code-string"] == ['"""Doc\nstring"""']


async def test_only_code_near_the_view_has_colours(open_page: Open, db: Connection, thread: int) -> None:
    """The browser looks through all painted ranges at each change of the document."""
    texts = [f"```py\n{CODE}```", *["\n".join("lines") for _ in range(40)], f"```js\n{CODE}```"]
    await db.execute("insert into message (thread_id, content) select $1, unnest($2::text[])", thread, texts)
    page = await open_page(f"/threads/{thread}")
    await expect(page.locator("code-block")).to_have_count(2)
    for top, kinds in [
        (0, "code-comment,code-keyword,code-number,code-string"),
        (1e6, "code-keyword,code-number,code-string"),
    ]:
        await page.evaluate("top => (document.querySelector('.scroller').scrollTop = top)", top)
        await page.wait_for_function(
            f"kinds => Object.keys(({PAINTED})()).sort().join() === kinds", arg=kinds
        )


CONTRASTS = """() => {
    const canvas = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
    const paint = (...colors) => {
        for (const color of colors) {
            canvas.fillStyle = color;
            canvas.fillRect(0, 0, 1, 1);
        }
        return [...canvas.getImageData(0, 0, 1, 1).data].slice(0, 3);
    };
    const light = rgb => rgb
        .map(one => one / 255)
        .map(one => (one <= 0.04045 ? one / 12.92 : ((one + 0.055) / 1.055) ** 2.4))
        .reduce((sum, one, index) => sum + one * [0.2126, 0.7152, 0.0722][index], 0);
    const backgrounds = [...document.querySelectorAll("code-block")].map(block => {
        const colors = [];
        for (let it = block; it; it = it.parentElement) colors.unshift(getComputedStyle(it).backgroundColor);
        return paint("white", ...colors);
    });
    const code = document.querySelector("code-block code");
    return ["comment", "string", "number", "keyword", "name", "added", "removed"].flatMap(kind => {
        const color = paint(getComputedStyle(code, `::highlight(code-${kind})`).color);
        return backgrounds.map(one => {
            const [high, low] = [light(color), light(one)].sort((a, b) => b - a);
            return [kind, (high + 0.05) / (low + 0.05)];
        });
    });
}"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_the_colours_of_code_can_be_read(
    open_page: Open, db: Connection, thread: int, scheme: str
) -> None:
    await db.execute("insert into message (thread_id, content) values ($1, $2)", thread, "```py\n1\n```")
    page = await open_page(f"/threads/{thread}", color_scheme=scheme)
    await write(page, "own\n```py\n2\n```")
    await expect(page.locator("code-block")).to_have_count(2)
    contrasts = await page.evaluate(CONTRASTS)
    assert len({round(contrast, 3) for _, contrast in contrasts}) > 10, "these are not all the same colour"
    assert [one for one in contrasts if one[1] < 4.5] == []


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

TIMES = """text => {
    const times = [];
    for (let end = 0; end < text.length; end += 20) {
        const prefix = text.slice(0, end);
        const start = performance.now();
        streamed.show(prefix);
        times.push(performance.now() - start);
    }
    return times.sort((a, b) => a - b);
}"""


@pytest.mark.parametrize("flood", FLOODS)
async def test_a_flood_of_marks_streams(open_page: Open, thread: int, flood: str) -> None:
    """What a step costs does not grow with all that was written before it. A quiet computer needs less than
    a tenth of this."""
    page = await start(open_page, thread)
    unit = FLOODS[flood]
    times = await page.evaluate(TIMES, (unit * 100_000)[:100_000])
    assert sum(times) < 30_000
    assert times[len(times) // 2] < 20
