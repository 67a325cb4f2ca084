"""A message looks the way its writer meant it, and no letter of it is lost."""

import re
from collections.abc import Sequence

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Page, expect

from chinwag.db.pool import Connection
from tests.support.axe import no_finding
from tests.support.page import Open, contents, field

FORMAT = """async text => {
    const { formatted } = await import("/static/text/formatted-text.js");
    const element = document.createElement("div");
    element.append(formatted(text));
    for (const link of element.querySelectorAll("a"))
        for (const name of ["target", "rel", "title"]) link.removeAttribute(name);
    return element.innerHTML.replace(/ style="[^"]*"/g, "");
}"""

BOX = '<input type="checkbox" disabled="" aria-label="Task">'
CHECKED = '<input type="checkbox" disabled="" aria-label="Task" checked="">'


def table(header: Sequence[str], *rows: Sequence[str]) -> str:
    head = "".join(f"<th>{cell}</th>" for cell in header)
    body = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in rows)
    return (
        '<div class="table" role="group" aria-label="Table" tabindex="0">'
        f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )


MEANT = {
    "a\nb": "<p>a\nb</p>",
    "a\r\n\r\n\n  b": "<p>a</p><p>  b</p>",
    "*a* _b_ ~~e~~": "<p><em>a</em> <em>b</em> <del>e</del></p>",
    "**c** __d__": "<p><strong>c</strong> <strong>d</strong></p>",
    "***a*** **b *c***": "<p><strong><em>a</em></strong> <strong>b <em>c</em></strong></p>",
    "***a** b*": "<p><em><strong>a</strong> b</em></p>",
    "这是**重点**内容": "<p>这是<strong>重点</strong>内容</p>",
    "**a *b** c": "<p><strong>a *b</strong> c</p>",
    "`a*b*` and `` ` ``": "<p><code>a*b*</code> and <code>`</code></p>",
    r"\*a\* \`b\` 1\. \[c](d)": "<p>*a* `b` 1. [c](d)</p>",
    r"\$5 *a* \[b\] $6 *c* 7 $": "<p>$5 <em>a</em> [b] $6 <em>c</em> 7 $</p>",
    "# A *b*\nc": "<h2>A <em>b</em></h2><p>c</p>",
    "## A\n### B\n#### C\n##### D\n###### E": "<h3>A</h3><h4>B</h4><h5>C</h5><h6>D</h6><h6>E</h6>",
    "a\n\n---\nb\n\n* * *\n_____": "<p>a</p><hr><p>b</p><hr><hr>",
    "A\n===\nB *c*\n---\nd": "<h2>A</h2><h3>B <em>c</em></h3><p>d</p>",
    "A sentence.\n---\na\nb\n---\nc": "<p>A sentence.</p><hr><p>a\nb</p><hr><p>c</p>",
    "## A ##\n   # B\n# C#": "<h3>A</h3><h2>B</h2><h2>C#</h2>",
    "1. a\n\n    b\n    c": '<ol start="1"><li><p>a</p><p>b\nc</p></li></ol>',
    "- a\n- - -\n- b": "<ul><li><p>a</p></li></ul><hr><ul><li><p>b</p></li></ul>",
    "a:\n- b\n- c\nd": "<p>a:</p><ul><li><p>b</p></li><li><p>c</p></li></ul><p>d</p>",
    "- a\n\n- b": "<ul><li><p>a</p></li><li><p>b</p></li></ul>",
    "- a\n  more\n  - b\n\t- c\n- d": "<ul><li><p>a\nmore</p>"
    "<ul><li><p>b</p><ul><li><p>c</p></li></ul></li></ul></li><li><p>d</p></li></ul>",
    "3. a\n3. b\n9) c": '<ol start="3"><li><p>a</p></li><li><p>b</p></li><li value="9"><p>c</p></li></ol>',
    "- [ ] a\n- [x] *b*\n  c": f'<ul><li class="task">{BOX}<p>a</p></li>'
    f'<li class="task">{CHECKED}<p><em>b</em>\nc</p></li></ul>',
    "1. [X] a": f'<ol start="1"><li class="task">{CHECKED}<p>a</p></li></ol>',
    "| a | b |\n|---|:-:|\n| c \\| d | `e` |\n| f |\n\ng": table("ab", ["c | d", "<code>e</code>"], "f")
    + "<p>g</p>",
    "so:\na|b\n-|-\n1|2|3\nafter": f"<p>so:</p>{table('ab', '12')}<p>after</p>",
    "|a|b|\n|-|-|\n|`x || y`|z|\n|`p|q|": table("ab", ["<code>x || y</code>", "z"], ["`p", "q"]),
    "|a|\n|-|\n|*b<BR/>c* `<br>`|": table("a", ["<em>b<br>c</em> <code>&lt;br&gt;</code>"]),
    "> | a |\n> | - |": f"<blockquote>{table('a')}</blockquote>",
    "> a\n> > b\nc": "<blockquote><p>a</p><blockquote><p>b</p></blockquote></blockquote><p>c</p>",
    "> - a\n>   b": "<blockquote><ul><li><p>a\nb</p></li></ul></blockquote>",
    "https://a.example/b_(c)_d.": '<p><a href="https://a.example/b_(c)_d">https://a.example/b_(c)_d</a>.</p>',
    "(see http://a.example/?b=1&c)!": '<p>(see <a href="http://a.example/?b=1&amp;c">'
    "http://a.example/?b=1&amp;c</a>)!</p>",
    "**https://a.example/**": '<p><strong><a href="https://a.example/">https://a.example/</a></strong></p>',
    "mailto:a@b.example, x": '<p><a href="mailto:a@b.example">mailto:a@b.example</a>, x</p>',
    '[a](https://b.example "c") <https://d.example>': '<p><a href="https://b.example/" '
    'data-host="b.example">a</a> <a href="https://d.example/">https://d.example</a></p>',
    "[*a* [1]](https://b.example/c_(d))": '<p><a href="https://b.example/c_(d)" data-host="b.example">'
    "<em>a</em> [1]</a></p>",
    "![a *b*](https://c.example/d.png)": '<p><a href="https://c.example/d.png" data-host="c.example">'
    "a <em>b</em></a></p>",
    "![](https://c.example/d.png)": '<p><a href="https://c.example/d.png">https://c.example/d.png</a></p>',
    r"\![a](https://a.example)": '<p>!<a href="https://a.example/" data-host="a.example">a</a></p>',
    "[b.example/x](https://b.example)": '<p><a href="https://b.example/">b.example/x</a></p>',
}

AS_WRITTEN = [
    "snake_case_name and 2*3*4 and 2 * 3 * 4",
    "*.py, *.js and **kwargs; a ** b",
    "~5 minutes ~~~ ok ~",
    "#hashtag",
    ">_< and -> and >:(",
    "-5 degrees\n+1\n1.5\n-",
    "born in\n1986. A good year.",
    r"¯\_(ツ)_/¯",
    r"C:\new\temp \d+\.\d+",
    "[a](/b) [a](javascript:alert(1)) [a](data:text/html,x) [a]( https://b.example) [a] [",
    "http:// https://[ mailto: xhttps://a.example javascript:alert(1)",
    "`a *b",
    "**** __ ** _",
    "| a | b |\n---",
    "| a | b |\n|---|",
    "a\n--\n==\nName:\n____",
    "[ ] a [x]",
    "!a [b] ![c] ![d](e.png)",
    r"a \| b" "\n---|---",
    "&amp; &lt;b&gt; <b>a</b> <!-- -->",
    "*a_ _b** c",
    "$x_{i} * y_{j} *z*$ and $$a *b* c$$ and \\(a *b* \\_c\\) and \\[ d_{e} *f* _g_ \\]",
    "a.[^1] and [2]\n[^1]: b",
    "a<br>b <details><summary>*</summary>",
    "<ftp://a.example> <a@b.example> < https",
]

LIE = "https://bank.example@evil.example/"


async def test_marks_are_understood(open_page: Open) -> None:
    page = await open_page("/")
    assert {text: await page.evaluate(FORMAT, text) for text in MEANT} == MEANT


async def test_what_is_no_mark_is_shown_as_written(open_page: Open) -> None:
    page = await open_page("/")
    assert [as_text(await page.evaluate(FORMAT, text)) for text in AS_WRITTEN] == AS_WRITTEN


async def test_where_a_link_leads_is_seen(open_page: Open, db: Connection, thread: int) -> None:
    text = f"[https://bank.example](https://evil.example) {LIE} https://evil.example"
    await db.execute("insert into message (thread_id, content) values ($1, $2)", thread, text)
    page = await open_page(f"/threads/{thread}")
    links = contents(page).get_by_role("link")
    await expect(links).to_have_count(3)
    shown = "a => getComputedStyle(a, '::after').content"
    assert [await one.evaluate(shown) for one in await links.all()] == [
        '"(evil.example)"',
        '"(evil.example)"',
        "none",
    ]
    for link in await links.all():
        await expect(link).to_have_attribute("title", re.compile("evil.example"))
        await expect(link).to_have_attribute("target", "_blank")
        await expect(link).to_have_attribute("rel", "noopener noreferrer nofollow")


@pytest.mark.parametrize(
    "script", ["", "Object.defineProperty(navigator, 'clipboard', { value: undefined })"]
)
async def test_code_is_copied_by_keyboard(open_page: Open, db: Connection, thread: int, script: str) -> None:
    """Code is also copied if the page came over plain HTTP, so that the browser has no clipboard for it."""
    code = "def f():\n\treturn '```'"
    text = f"look:\n````python\n{code}\n````\nthere"
    await db.execute("insert into message (thread_id, content) values ($1, $2)", thread, text)
    page = await open_page("/static/favicon.svg")
    await page.context.add_init_script(script)
    await page.goto(page.url.replace("static/favicon.svg", f"threads/{thread}"))
    await expect(page.locator("code-block .language")).to_have_text("python")
    copy = page.get_by_role("button", name="Copy")
    await expect(copy).to_be_enabled()  # what copies is loaded with the first code
    await copy.focus()
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("button", name="Copied")).to_be_focused()
    await field(page).focus()
    await page.keyboard.press("Control+V")
    await expect(field(page)).to_have_value(code)


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_wide_code_scrolls_inside_its_block(
    open_page: Open, db: Connection, thread: int, scheme: str
) -> None:
    text = f"- a\n\n  > `b`\n  > ```c\n  > {'x' * 500}\n  > ```\n"
    text += f"\n`{'y' * 500}` [a](https://{'b.' * 100}example)"
    await db.execute("insert into message (thread_id, content) values ($1, $2)", thread, text)
    page = await open_page(f"/threads/{thread}", viewport={"width": 360, "height": 640}, color_scheme=scheme)
    block = page.get_by_role("group", name="Code")
    await expect(block).to_be_visible()
    for selector in (".scroller", ".content", "html"):
        assert await is_within(page, selector), selector
    await block.focus()
    await page.keyboard.press("ArrowRight")
    await expect(block).not_to_have_js_property("scrollLeft", 0)
    report = await Axe().run(page)
    assert report.violations_count == 0, report.generate_report()


FLOODS = [
    *["a", "`", "*", "_", "[", "(", "\\", "~", ">", "](", "[a](http://", "http://", "a``", "*_a", "a**b~~"],
    *["[[a](http://b.example)", "~~~`"],
    *["((((****", "http://a(", "中**", "*a*", "`a`", " ", "\n", "\t", "> ", "- ", "- a\n", "```\n"],
    *["a\n\n", "> a\n\n", "`` ` ", "a *a **"],
    *["|", "-|", "|:-", "a|\n-|\n", "| a | a\n| - | -\n", "- [x] a\n", "![", "---\n"],
    *["![a](http://b.example)", "- ", "* * *\n", "# a\n", "a|a\n-|-\n\n", "\\|"],
    *["$", "$$", "$a", "$a$", "\\(", "\\[", "\\(a", "\\[ ", "<https://"],
    *["a\n===\n", "a\n---\n", "# a #", "a <br>"],
    *["|a|\n|-|\n|`a`|`", "| `a", '[a](https://b.example "', "# a " + " " * 1000, "|a<br>"],
]


async def test_a_flood_of_marks_is_formatted(open_page: Open) -> None:
    """A recursion on marks would overflow the stack, and going back for each mark would take minutes."""
    page = await open_page("/")
    for unit in FLOODS:
        times = 100_000 // len(unit)
        text = as_text(await page.evaluate(FORMAT, unit * times))
        assert text.count("a") >= times * unit.startswith("a"), unit


async def test_a_flood_of_cells_does_not_become_a_page_of_elements(open_page: Open) -> None:
    page = await open_page("/")
    for wide, high in [(40, 5_000), (20_000, 10)]:
        text = f"{'a|' * wide}\n{'-|' * wide}\n" + f"{'b|' * wide}\n" * high
        html: str = await page.evaluate(FORMAT, text)
        assert html.count("<") < 10_000
        assert html.count("b") >= high * wide, "not a cell is lost"


async def test_columns_are_aligned(open_page: Open, db: Connection, thread: int) -> None:
    text = "| a | b | c | d |\n|:--|:-:|--:|---|\n| 1 | 2 | 3 | 4 |"
    await db.execute("insert into message (thread_id, content) values ($1, $2)", thread, text)
    page = await open_page(f"/threads/{thread}")
    await expect(contents(page).get_by_role("cell")).to_have_text(["1", "2", "3", "4"])
    aligned = "all => all.map(one => getComputedStyle(one).textAlign).join()"
    assert await contents(page).get_by_role("cell").evaluate_all(aligned) == "start,center,end,start"


async def test_a_task_is_told_and_cannot_be_changed(open_page: Open, db: Connection, thread: int) -> None:
    text = "- [ ] soup\n- [x] bread"
    await db.execute("insert into message (thread_id, content) values ($1, $2)", thread, text)
    page = await open_page(f"/threads/{thread}")
    tasks = contents(page).get_by_role("checkbox", name="Task", disabled=True)
    await expect(tasks).to_have_count(2)
    await expect(tasks.first).not_to_be_checked()
    await expect(tasks.last).to_be_checked()


async def test_a_wide_table_scrolls_inside_its_message(open_page: Open, db: Connection, thread: int) -> None:
    text = f"> {'| a column ' * 20}|\n> {'|---' * 20}|\n> {'| cell ' * 20}|\n\n| x |\n|---|\n| {'y' * 500} |"
    await db.execute("insert into message (thread_id, content) values ($1, $2)", thread, text)
    page = await open_page(f"/threads/{thread}", viewport={"width": 360, "height": 640})
    wide = page.get_by_role("group", name="Table")
    await expect(wide).to_have_count(2)
    for selector in (".scroller", ".content", "html"):
        assert await is_within(page, selector), selector
    await wide.first.focus()
    await page.keyboard.press("ArrowRight")
    await expect(wide.first).not_to_have_js_property("scrollLeft", 0)
    await no_finding(page)


async def test_an_image_is_a_link_and_is_not_loaded(open_page: Open, db: Connection, thread: int) -> None:
    """A tab of these tests may ask no other host."""
    text = "![a chart](https://other.example/chart.png)"
    await db.execute("insert into message (thread_id, content) values ($1, $2)", thread, text)
    page = await open_page(f"/threads/{thread}")
    link = contents(page).get_by_role("link", name="a chart")
    await expect(link).to_have_attribute("href", "https://other.example/chart.png")
    await expect(contents(page)).to_have_text("a chart")
    await expect(contents(page).locator("img")).to_have_count(0)


async def test_a_heading_of_a_message_is_below_that_of_the_page(
    open_page: Open, db: Connection, thread: int
) -> None:
    text = "# one\n\n## two\n\ntext\n\n#### four"
    await db.execute("insert into message (thread_id, content) values ($1, $2)", thread, text)
    page = await open_page(f"/threads/{thread}")
    sizes = []
    for level, name in [(2, "one"), (3, "two"), (5, "four")]:
        heading = contents(page).get_by_role("heading", level=level, name=name)
        sizes.append(await heading.evaluate("one => parseFloat(getComputedStyle(one).fontSize)"))
    assert sizes == sorted(set(sizes), reverse=True)


async def is_within(page: Page, selector: str) -> bool:
    fits: bool = await page.evaluate(
        "selector => (it => it.scrollWidth <= it.clientWidth)(document.querySelector(selector))",
        selector,
    )
    return fits


def as_text(html: str) -> str:
    """Return the text of HTML that has no attributes, as people read it."""
    text = re.sub("<[^>]*>", "", html.replace("</p><p>", "\n"))
    for entity, letter in {"&lt;": "<", "&gt;": ">", "&nbsp;": "\xa0", "&amp;": "&"}.items():
        text = text.replace(entity, letter)
    return text
