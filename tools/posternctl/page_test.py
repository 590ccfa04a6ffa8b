# SPDX-License-Identifier: Apache-2.0
"""The HTML page of `posternctl render --html` in a real browser.

    ./bazelw run //tools/posternctl:pictures -- --screenshot docs/images

writes the pictures of the docs anew.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

from tests.support import browser
from tests.support import py_unittest_main

_POSTERNCTL = os.path.abspath("tools/posternctl/posternctl")

_CONTRAST = """
  // WCAG 2.1: contrast of an element's text with the first ground behind it that is not clear.
  function channel(v) { v /= 255; return v <= .03928 ? v / 12.92 : Math.pow((v + .055) / 1.055, 2.4); }
  function light(c) { return .2126 * channel(c[0]) + .7152 * channel(c[1]) + .0722 * channel(c[2]); }
  function parse(text) { return text.match(/[0-9.]+/g).map(Number); }
  function ground(element) {
    for (let e = element; e; e = e.parentElement) {
      const c = parse(getComputedStyle(e).backgroundColor);
      if (c.length < 4 || c[3] > 0) return c;
    }
    return [255, 255, 255];
  }
  let worst = [99, ''];
  for (const element of document.querySelectorAll('body *')) {
    const own = Array.from(element.childNodes).some(
      (node) => node.nodeType === 3 && node.nodeValue.trim() !== '');
    if (!own || element.closest('[hidden], script, style, option, .skip')) continue;
    if (element.getClientRects().length === 0) continue;
    const a = light(parse(getComputedStyle(element).color));
    const b = light(ground(element));
    const ratio = (Math.max(a, b) + .05) / (Math.min(a, b) + .05);
    if (ratio < worst[0]) {
      worst = [ratio, element.tagName + '.' + element.className + ' ' + element.textContent.slice(0, 40)];
    }
  }
  return worst;
"""


def render(directory, *arguments):
    path = os.path.join(directory, "page.html")
    subprocess.run([_POSTERNCTL, "render", "--html", f"--output={path}", *arguments], check=True,
                   timeout=60)
    return path


class PageTest(unittest.TestCase):

    @classmethod
    def setUpClass(cls):
        cls.directory = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.directory.cleanup)
        cls.path = render(cls.directory.name)
        cls.url = "file://" + cls.path
        cls.browser = browser.Browser()
        cls.addClassCleanup(cls.browser.close)

    def setUp(self):
        self.browser.colours("light")
        self.browser.open("about:blank")
        self.browser.open(self.url)

    def tearDown(self):
        self.assertEqual(self.browser.console(), [])

    def shown(self):
        return self.browser.run(
            "return Array.from(document.querySelectorAll('[data-words]'))"
            ".filter((e) => e.getClientRects().length > 0).map((e) => e.id)")

    def search(self, text):
        self.browser.type("#search", text)
        return self.shown()

    def test_stands_alone(self):
        with open(self.path, encoding="utf-8") as file:
            text = file.read()
        self.assertIsNone(re.search(r"""(src|href)=["'](?!#|data:)""", text))
        self.assertNotRegex(text, r"@import|url\(|fetch\(|XMLHttpRequest|WebSocket")
        self.assertEqual(self.browser.run("return performance.getEntriesByType('resource').length"),
                         0)

    def test_ids_are_unique_and_every_link_leads_somewhere(self):
        self.assertEqual(self.browser.run(
            "const ids = Array.from(document.querySelectorAll('[id]')).map((e) => e.id);"
            "return ids.filter((id, i) => ids.indexOf(id) !== i)"), [])
        self.assertEqual(self.browser.run(
            "return Array.from(document.querySelectorAll('a[href^=\"#\"]')).map((a) => a.hash)"
            ".filter((hash) => !document.getElementById(hash.slice(1)))"), [])

    def test_every_reply_and_code_is_there(self):
        shown = self.shown()
        for one in ("reply-unrecognized", "reply-bare-lf", "code-214", "code-500", "code-556",
                    "enhanced-x-1-1", "help-mail"):
            self.assertIn(one, shown)
        self.assertGreater(len([one for one in shown if one.startswith("reply-")]), 90)
        self.assertGreater(len([one for one in shown if one.startswith("code-")]), 40)

    def test_search_finds_words_codes_and_reply_text(self):
        everything = len(self.shown())
        self.assertIn("reply-bare-lf", self.search("bare LF was received"))
        self.assertNotIn("reply-noop-ok", self.shown())
        self.assertIn("code-554", self.search("554"))
        self.assertEqual(self.search("MAILBOX full enhanced xyzzy"), [])
        self.assertIn("Nothing found", self.browser.run(
            "return document.querySelector('#found').textContent"))
        self.search("smuggling")
        self.assertEqual(self.browser.run(
            "return document.querySelector('mark').textContent.toLowerCase()"), "smuggling")
        self.assertEqual(len(self.search("a" + "\ue003")), everything)  # Backspace
        self.assertEqual(self.browser.run("return document.querySelectorAll('mark').length"), 0)

    def test_search_takes_text_as_text(self):
        """What is typed is no pattern and no HTML."""
        self.assertEqual(self.search(".*"), [])
        self.assertEqual(self.search("<b>("), [])
        self.assertIn("reply-unrecognized", self.search("(500)".strip("()")))

    def test_filter_by_class(self):
        self.browser.click('[data-wanted="4"]')
        shown = self.shown()
        self.assertIn("code-451", shown)
        self.assertNotIn("code-500", shown)
        self.assertEqual(self.browser.run(
            "return document.querySelector('[data-wanted=\"4\"]').getAttribute('aria-pressed')"),
            "true")
        self.browser.click('[data-wanted=""]')
        self.assertIn("code-500", self.shown())

    def test_code_links_lead_to_the_code(self):
        self.browser.run("document.querySelector('#reply-unrecognized a.code').click()")
        self.assertEqual(self.browser.run("return location.hash"), "#code-500")
        self.assertTrue(self.in_view("code-500"))
        self.browser.run("document.querySelector('#code-500 [data-neighbour=\"214\"] a').click()")
        self.assertEqual(self.browser.run("return location.hash"), "#code-214")
        self.assertTrue(self.in_view("code-214"))

    def in_view(self, name):
        """Below the bar that stays, and within the window, once scrolling has ended."""
        return self.browser.run("""
          document.documentElement.style.scrollBehavior = 'auto';
          const element = document.getElementById(arguments[0]);
          location.hash = '#' + arguments[0];
          element.scrollIntoView();
          const box = element.getBoundingClientRect();
          const bar = document.querySelector('.bar').getBoundingClientRect();
          return box.top >= bar.bottom - 1 && box.top < innerHeight;
        """, name)

    def test_a_link_to_what_the_search_hides_shows_it(self):
        self.search("NOOP")
        self.assertNotIn("code-354", self.shown())
        self.browser.run("location.hash = '#code-354'; window.dispatchEvent(new Event('hashchange'))")
        self.assertIn("code-354", self.shown())

    def test_two_codes_side_by_side(self):
        rows = self.browser.run(
            "return Array.from(document.querySelectorAll('#compared tbody tr'))"
            ".map((row) => Array.from(row.children).map((cell) => cell.textContent))")
        table = {row[0]: row[1:] for row in rows}
        self.assertEqual(table["Class"], ["2xx Positive Completion",
                                          "5xx Permanent Negative Completion"])
        self.assertIn("HELP", table["Key differences"][0])
        self.browser.run("const s = document.querySelector('#right'); s.value = '450';"
                         "s.dispatchEvent(new Event('change'))")
        self.assertEqual(self.browser.run(
            "return document.querySelector('#compared .b').textContent"), "450")

    def test_both_colours_can_be_read(self):
        grounds = []
        for scheme in ("light", "dark"):
            with self.subTest(scheme=scheme):
                self.browser.colours(scheme)
                ratio, where = self.browser.run(_CONTRAST)
                self.assertGreater(ratio, 4.5, where)
                grounds.append(self.browser.run(
                    "return getComputedStyle(document.body).backgroundColor"))
        self.assertNotEqual(grounds[0], grounds[1])

    def test_the_button_overrides_the_system(self):
        ground = "return getComputedStyle(document.body).backgroundColor"
        light = self.browser.run(ground)
        self.browser.click("#theme")  # light
        self.assertEqual(self.browser.run(ground), light)
        self.browser.click("#theme")  # dark
        dark = self.browser.run(ground)
        self.assertNotEqual(dark, light)
        ratio, where = self.browser.run(_CONTRAST)
        self.assertGreater(ratio, 4.5, where)
        self.browser.click("#theme")  # the system's again
        self.assertEqual(self.browser.run(ground), light)

    def test_keyboard(self):
        self.browser.run("document.activeElement.blur();"
                         "document.dispatchEvent(new KeyboardEvent('keydown', {key: '/'}))")
        self.assertEqual(self.browser.run("return document.activeElement.id"), "search")
        self.browser.run("return document.querySelector('.skip').focus()")
        # Every control has a name that a screen reader can say.
        self.assertEqual(self.browser.run(
            "return Array.from(document.querySelectorAll('button, input, select')).filter((e) =>"
            " !(e.textContent.trim() || e.getAttribute('aria-label') || (e.labels && e.labels.length)))"
            ".map((e) => e.outerHTML)"), [])
        levels = self.browser.run(
            "return Array.from(document.querySelectorAll('h1,h2,h3,h4')).map((h) => Number(h.tagName[1]))")
        self.assertEqual(levels.count(1), 1)


class PhoneTest(unittest.TestCase):

    def test_readable_at_the_width_of_a_phone(self):
        with tempfile.TemporaryDirectory() as directory, browser.Browser(phone=True) as phone:
            phone.open("file://" + render(directory))
            self.assertEqual(phone.run("return innerWidth"), 375)
            self.assertLessEqual(phone.run("return document.documentElement.scrollWidth"), 375)
            # Nothing is cut at the right edge, and letters are large enough.
            self.assertEqual(phone.run(
                "return Array.from(document.querySelectorAll('main *')).filter((e) =>"
                " e.getClientRects().length > 0 && e.getBoundingClientRect().right > 376)"
                ".map((e) => e.outerHTML.slice(0, 80))"), [])
            self.assertGreaterEqual(phone.run(
                "return Math.min(...Array.from(document.querySelectorAll('main p, main pre, main dd'))"
                ".map((e) => parseFloat(getComputedStyle(e).fontSize)))"), 12)
            # The bar leaves most of the screen to what is read.
            self.assertLess(phone.run(
                "return document.querySelector('.bar').getBoundingClientRect().height"), 170)
            self.assertEqual(phone.console(), [])


class LanguageTest(unittest.TestCase):

    def test_words_of_the_page_are_the_tables(self):
        """Captions, and a search that knows the small letters of the language."""
        with tempfile.TemporaryDirectory() as directory:
            table = os.path.join(directory, "turkish.textproto")
            with open(table, "w", encoding="utf-8") as file:
                file.write('name: "x"\nlanguage: "tr"\n'
                           'replies { id: NOOP_OK code: 250 enhanced_code: "2.0.0" text: "Peki"\n'
                           '  explanation: "ISITMA İLETİ" }\n'
                           'captions { name: "page_title" text: "{server} ne der" }\n'
                           'captions { name: "class" text: "Sınıf" }\n'
                           'captions { name: "page_some_shown" text: "{all} girdiden {shown}" }\n'
                           'captions { name: "page_colours_auto" text: "Kendi" }\n')
            with browser.Browser() as window:
                window.open("file://" + render(directory, "--server_name=mx.example", table))
                self.assertEqual(window.run("return document.title"), "mx.example ne der")
                self.assertEqual(window.run(
                    "return document.querySelector('#compared tbody th').textContent"), "Sınıf")
                self.assertEqual(window.run(
                    "return document.querySelector('#theme').textContent"), "Kendi")
                for typed in ("ısıtma", "ileti"):
                    window.type("#search", typed)
                    self.assertRegex(window.run(
                        "return document.querySelector('#found').textContent"),
                        r"^\d+ girdiden 1$")
                self.assertEqual(window.console(), [])


class HostileTableTest(unittest.TestCase):

    def test_text_of_a_table_is_no_markup(self):
        with tempfile.TemporaryDirectory() as directory:
            table = os.path.join(directory, "hostile.textproto")
            with open(table, "w", encoding="utf-8") as file:
                file.write('name: "<script>boom()</script>"\nlanguage: "x\\" onload=\\"boom()"\n'
                           'replies { id: NOOP_OK code: 250 enhanced_code: "2.0.0"\n'
                           '  text: "</pre><img src=x onerror=boom()>"\n'
                           '  explanation: "</p></article><h1>boom" }\n'
                           'help_topics { topic: "\\"><SCRIPT>BOOM" text: "</script><script>boom()" }\n'
                           'captions { name: "page_title" text: "<h1>{server}" }\n'
                           'captions { name: "page_all_shown" text: "\\"><img src=x>" }\n')
            with browser.Browser() as window:
                window.open("file://" + render(directory, table))
                self.assertEqual(window.run("return document.querySelectorAll('img, h1').length"), 1)
                self.assertEqual(window.run("return document.querySelectorAll('script').length"), 1)
                self.assertIn("onerror=boom()", window.run(
                    "return document.querySelector('#reply-noop-ok pre').textContent"))
                self.assertEqual(window.console(), [])


def write_picture(window, path):
    """PNG, with a palette where pngquant is there to make one."""
    with open(path, "wb") as file:
        file.write(window.screenshot())
    if shutil.which("pngquant"):
        subprocess.run(["pngquant", "--force", "--skip-if-larger", "--output", path, "64", path],
                       check=False, timeout=60)


def write_pictures(directory):
    """The pictures of the docs."""
    def show(window, selector):
        window.run("document.documentElement.style.scrollBehavior = 'auto';"
                   f"document.querySelector('{selector}').scrollIntoView()")

    with tempfile.TemporaryDirectory() as scratch:
        page = "file://" + render(scratch)
        with browser.Browser(1180, 760) as window:
            window.open(page)
            for scheme in ("light", "dark"):
                window.colours(scheme)
                show(window, "#class-5")
                write_picture(window, os.path.join(directory, f"reference-{scheme}.png"))
            window.colours("light")
            show(window, "#compare")
            write_picture(window, os.path.join(directory, "reference-compare.png"))
        with browser.Browser(phone=True) as window:
            window.open(page)
            show(window, "#reply-bare-lf")
            write_picture(window, os.path.join(directory, "reference-phone.png"))


if __name__ == "__main__":
    if len(sys.argv) == 3 and sys.argv[1] == "--screenshot":
        write_pictures(os.path.join(os.environ.get("BUILD_WORKING_DIRECTORY", "."), sys.argv[2]))
    else:
        py_unittest_main.main()
