# SPDX-License-Identifier: Apache-2.0
"""What is made from the programs and the schema: man pages, completions, the schema's reference."""

import os
import re
import shutil
import subprocess
import unittest

from tests.support import py_unittest_main
from tools import proto_reference

_PROGRAMS = {"posternctl": ("tools/posternctl/posternctl", "tools/posternctl.1"),
             "posternd": ("hosts/posternd/posternd", "tools/posternd.8")}


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def tool(name):
    path = shutil.which(name)
    if path is None:
        raise AssertionError(f"{name} is missing: ./bazelw test ... installs it")
    return path


class SchemaReferenceTest(unittest.TestCase):

    def test_the_document_has_the_comments_of_the_schema(self):
        schema = read("engine/proto/reply_table.proto")
        document = read("docs/tables.md")
        self.assertEqual(document, proto_reference.render(schema, document),
                         "write it anew: ./bazelw run //tools:write_schema_reference")

    def test_every_field_says_what_it_is(self):
        for message in proto_reference.parse(read("engine/proto/reply_table.proto")):
            self.assertTrue(message.comment, message.name)
            for name, _, words, _ in message.rows:
                if message.kind == "message":
                    self.assertTrue(words, f"{message.name}.{name}")


class LinksTest(unittest.TestCase):

    def test_links_of_the_tutorial_lead_somewhere(self):
        text = read("docs/tables.md")
        anchors = {re.sub(r"[^a-z0-9 _-]", "", title.lower()).replace(" ", "-")
                   for title in re.findall(r"(?m)^#+ (.*)$", text)}
        for target in re.findall(r"\]\(([^)]+)\)", text):
            if target.startswith("#"):
                self.assertIn(target[1:], anchors)
            elif not target.startswith("http"):
                path = os.path.normpath(os.path.join("docs", target.split("#")[0]))
                self.assertTrue(os.path.exists(path), target)


class ManualTest(unittest.TestCase):

    def test_man_pages_tell_every_flag_and_command(self):
        for name, (program, page) in _PROGRAMS.items():
            with self.subTest(program=name):
                text = read(page).replace("\\-", "-").replace("\\&", "")
                help_text = subprocess.run([program, "--help"], stdout=subprocess.PIPE, check=True,
                                           timeout=60).stdout.decode()
                flags = re.findall(r"(?m)^  --([a-z_]+)", help_text)
                commands = re.findall(r"(?m)^  ([a-z]+) {2,}", help_text)
                for command in commands if name == "posternctl" else ():
                    self.assertIn(f".SS {command}\n", text)
                    flags += re.findall(r"(?m)^  --([a-z_]+)", subprocess.run(
                        [program, command, "--help"], stdout=subprocess.PIPE, check=True,
                        timeout=60).stdout.decode())
                self.assertGreater(len(flags), 15)
                for flag in flags:
                    self.assertIn(f"\\fB--{flag}\\fR", text)
                self.assertIn(".SH EXIT STATUS", text)

    def test_man_pages_are_well_formed(self):
        for _, page in _PROGRAMS.values():
            done = subprocess.run([tool("mandoc"), "-T", "lint", "-W", "warning", page],
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60)
            complaints = [line for line in done.stdout.decode().splitlines()
                          # A page without a date, as reproducible builds want it.
                          if "missing date" not in line]
            self.assertEqual(complaints, [])
            shown = subprocess.run([tool("mandoc"), "-T", "ascii", page], stdout=subprocess.PIPE,
                                   check=True, timeout=60).stdout
            self.assertGreater(len(shown.splitlines()), 40)


class CompletionTest(unittest.TestCase):

    def complete(self, program, *words):
        """What bash offers for the last of the words."""
        script = (f"source tools/{program}.bash\n"
                  "COMP_WORDS=(\"$@\")\nCOMP_CWORD=$(($# - 1))\n"
                  f"_{program}\nprintf '%s\\n' \"${{COMPREPLY[@]}}\"\n")
        done = subprocess.run(["bash", "-c", script, "bash", program, *words],
                              stdout=subprocess.PIPE, check=True, timeout=60)
        return done.stdout.decode().split()

    def test_bash_offers_commands_flags_words_and_files(self):
        self.assertEqual(self.complete("posternctl", "ch"), ["check"])
        self.assertEqual(self.complete("posternctl", "check", "--tr"), ["--translation"])
        self.assertEqual(self.complete("posternctl", "explain", "--tr"), [])
        self.assertEqual(self.complete("posternctl", "check", "--color", "=", "al"), ["always"])
        self.assertEqual(self.complete("posternctl", "check", "--color", "="),
                         ["auto", "always", "never"])
        self.assertEqual(self.complete("posternctl", "render", "--table", "=", "docs/table"),
                         ["docs/tables.md"])
        self.assertEqual(self.complete("posternctl", "check", "docs/table"), ["docs/tables.md"])
        self.assertIn("--listen=", self.complete("posternd", "--li"))
        self.assertEqual(self.complete("posternd", "--log_format", "=", "j"), ["json"])
        self.assertEqual(self.complete("posternd", "--maildir", "=", "doc"), ["docs"])

    def test_zsh_takes_its_functions(self):
        for program in _PROGRAMS:
            subprocess.run([tool("zsh"), "-n", f"tools/_{program}"], check=True, timeout=60)
            # The specifications are those that _arguments understands: a stand-in looks at them.
            script = ("_arguments() { for spec in \"$@\"; do [[ $spec == (--*\\[*\\]*|\\*:*) ]] || "
                      "{ print -r -- \"bad: $spec\"; exit 1 }; done; print -r -- $# }\n"
                      "_describe() { print -r -- describe ${(P)#2} }\n"
                      "CURRENT=3; words=(posternctl check -)\n"
                      f"source tools/_{program}\n")
            done = subprocess.run([tool("zsh"), "-f", "-c", script], stdout=subprocess.PIPE,
                                  check=True, timeout=60)
            self.assertGreater(int(done.stdout.split()[-1]), 4)


if __name__ == "__main__":
    py_unittest_main.main()
