# SPDX-License-Identifier: Apache-2.0
"""The reference of the reply table's schema, from the comments of the .proto, as Markdown.

    proto_reference.py SCHEMA.proto DOCUMENT.md      writes it into the document

It goes between the lines `<!-- schema: begin -->` and `<!-- schema: end -->`. schema_reference_test
fails when the two differ.
"""

import os
import re
import sys

BEGIN = "<!-- schema: begin (written by ./bazelw run //tools:write_schema_reference) -->"
END = "<!-- schema: end -->"

_FIELD = re.compile(r"\s*(repeated )?([A-Za-z0-9_.]+) ([a-z0-9_]+) = ([0-9]+);\s*(?://\s*(.*))?")
_VALUE = re.compile(r"\s*([A-Z0-9_]+) = ([0-9]+);\s*(?://\s*(.*))?")


class Message:
    def __init__(self, kind, name, comment):
        self.kind = kind
        self.name = name
        self.comment = comment
        self.rows = []  # (name, type or number, comment)


def parse(text):
    """Messages and enums in the order of the file. The schema nests none."""
    found = []
    comment = []
    group = ""
    for line in text.splitlines():
        stripped = line.strip()
        if stripped.startswith("//"):
            comment.append(stripped[2:].strip())
            continue
        begin = re.fullmatch(r"(message|enum) (\w+) \{", stripped)
        if begin:
            found.append(Message(begin[1], begin[2], " ".join(comment)))
            group = ""
        elif found and stripped and stripped != "}":
            match = _VALUE.fullmatch(line) if found[-1].kind == "enum" else _FIELD.fullmatch(line)
            if match is None:
                raise ValueError(f"not understood: {line}")
            if found[-1].kind == "enum":
                # A comment stands for all values up to the next empty line.
                if comment:
                    group = " ".join(comment)
                found[-1].rows.append((match[1], match[2], match[3] or "", group))
            else:
                kind = match[2] + (", repeated" if match[1] else "")
                words = " ".join(comment) or match[5] or ""
                found[-1].rows.append((match[3], kind, words, ""))
        comment = []
    return found


def cell(text):
    return text.replace("|", "\\|")


def markdown(messages):
    out = []
    order = sorted(messages, key=lambda message: (message.kind == "enum",
                                                  message.name != "ReplyTable"))
    for message in order:
        out += [f"### {message.name}", "", message.comment, ""]
        if message.kind == "enum":
            group = None
            for name, _, words, about in message.rows:
                if name.endswith("_UNSPECIFIED"):
                    continue
                if about != group:
                    out += ["" if group is not None else None, f"{about}", ""]
                    group = about
                out.append(f"- `{name}`" + (f": {words}" if words else ""))
            out.append("")
        else:
            out += ["| field | type | meaning |", "| --- | --- | --- |"]
            out += [f"| `{name}` | {kind} | {cell(words)} |" for name, kind, words, _ in message.rows]
            out.append("")
    return "\n".join(line for line in out if line is not None)


def render(schema, document):
    """The document with the reference of the schema in its place."""
    begin = document.index(BEGIN) + len(BEGIN)
    end = document.index(END)
    return document[:begin] + "\n\n" + markdown(parse(schema)) + "\n" + document[end:]


def main():
    schema_path, document_path = sys.argv[1:]
    document_path = os.path.join(os.environ.get("BUILD_WORKSPACE_DIRECTORY", "."), document_path)
    with open(schema_path, encoding="utf-8") as file:
        schema = file.read()
    with open(document_path, encoding="utf-8") as file:
        document = file.read()
    with open(document_path, "w", encoding="utf-8") as file:
        file.write(render(schema, document))


if __name__ == "__main__":
    main()
