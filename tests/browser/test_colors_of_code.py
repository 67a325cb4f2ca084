"""Code has colours, which can be read and cost nothing far from the view; it stays plain text."""

import pytest
from playwright.async_api import expect

from chinwag.db.pool import Connection
from tests.support.page import Open, contents, write
from tests.support.streamed_text import start

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
