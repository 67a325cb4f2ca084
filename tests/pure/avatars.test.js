import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { hueOf, initialsOf, namesInWords } from "../../static/text/avatars.js";

const CSS = readFileSync(new URL("../../static/style/avatar.css", import.meta.url), "utf8");
const AA = 4.5;

for (const [name, initials] of [
  ["Ada", "A"], ["Ada Lovelace", "AL"], ["  jean-luc van picard ", "JP"], ["backup_job", "BJ"], ["李小龙", "李"],
  ["émile zola", "ÉZ"], ["e\u0301mile", "E\u0301"], ["🦊", "🦊"], ["🦊 fox", "F"], ["", "?"], ["...", "."],
]) {
  test(`the initials of “${name}” are ${initials}`, () => assert.equal(initialsOf(name), initials));
}

test("a hue stays the same, and those of neighbours are far apart", () => {
  assert.equal(hueOf(7), hueOf(7));
  assert.equal(hueOf("backup"), hueOf("backup"));
  for (let id = 1; id < 1_000; id++) {
    const apart = Math.abs(hueOf(id) - hueOf(id + 1));
    assert.ok(Math.min(apart, 360 - apart) > 100);
    assert.ok(hueOf(id) >= 0 && hueOf(id) <= 360);
  }
});

test("initials can be read on every hue, in both themes", () => {
  const pairs = /light-dark\(oklch\(([\d.]+) ([\d.]+) var\(--hue\)\), oklch\(([\d.]+) ([\d.]+) var\(--hue\)\)\)/g;
  const [ground, ink] = Array.from(CSS.matchAll(pairs), (found) => found.slice(1).map(Number));
  for (let hue = 0; hue < 360; hue++) {
    for (const theme of [0, 2]) {
      const contrast = contrastOf(luminance(ground[theme], ground[theme + 1], hue), luminance(ink[theme], ink[theme + 1], hue));
      assert.ok(contrast >= AA, `${contrast} at ${hue}`);
    }
  }
});

test("names in words", () => {
  assert.equal(namesInWords([]), "");
  assert.equal(namesInWords(["Ada"]), "Ada");
  assert.equal(namesInWords(["Ada", "Bob"]), "Ada and Bob");
  assert.equal(namesInWords(["Ada", "Bob", "Cy"]), "Ada, Bob and Cy");
  assert.equal(namesInWords(["Ada", "Bob", "Cy", "Di"]), "Ada, Bob and 2 others");
});

const contrastOf = (a, b) => (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);

/** Of an OKLCH colour in sRGB, whose gamut cuts it off (CSS Color 4; Björn Ottosson's matrices). */
function luminance(lightness, chroma, hue) {
  const a = chroma * Math.cos((hue * Math.PI) / 180);
  const b = chroma * Math.sin((hue * Math.PI) / 180);
  const l = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3;
  const m = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3;
  const s = (lightness - 0.0894841775 * a - 1.291485548 * b) ** 3;
  const rgb = [
    4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s,
    -1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s,
    -0.0041960863 * l - 0.7034186147 * m + 1.707614701 * s,
  ].map((value) => Math.min(1, Math.max(0, value)));
  return 0.2126 * rgb[0] + 0.7152 * rgb[1] + 0.0722 * rgb[2];
}
