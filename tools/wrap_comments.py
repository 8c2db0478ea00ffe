#!/usr/bin/env python3
"""Wraps C comments that have lines of over 100 columns, which clang-format is told to leave alone, as
it breaks them in the wrong places. A part of ./dev fmt.

usage: wrap_comments.py FILE...

Only comments on lines of their own. Indented lines and lines that start with "-" or a number in a
block comment are lists or drawings: they stay as they are. Comments beside code are for their author.
"""
import re
import sys
import textwrap

COLUMNS = 100
LIST_ITEM = re.compile(r"\s|[-*|+]|\d+[.)]")


def width(line):
    return len(line.expandtabs(8))


def fill(text, indent):
    room = COLUMNS - 8 * len(indent) - len(" * ")
    return [f"{indent} * {line}" for line in textwrap.wrap(
        text, room, break_on_hyphens=False, break_long_words=False)]


def wrap_block(body, indent):
    """The lines between /* and */, each paragraph filled again."""
    wrapped, paragraph = [], []

    def end_paragraph():
        if paragraph:
            wrapped.extend(fill(" ".join(paragraph), indent))
            paragraph.clear()

    for line in body:
        text = re.sub(r"^\s*\* ?", "", line)
        if not text or LIST_ITEM.match(text):
            end_paragraph()
            wrapped.append(line)
        else:
            paragraph.append(text.strip())
    end_paragraph()
    return wrapped


def wrap(lines):
    out, i = [], 0
    while i < len(lines):
        line = lines[i]
        single = re.match(r"^(\t*)/\* (.*) \*/$", line)
        block = re.match(r"^(\t*)/\*$", line)
        if single and width(line) > COLUMNS:
            indent = single.group(1)
            out += [indent + "/*", *fill(single.group(2), indent), indent + " */"]
        elif block:
            end = next(j for j in range(i, len(lines)) if lines[j].rstrip().endswith("*/"))
            body = lines[i + 1:end]
            if lines[end].strip() == "*/" and any(width(x) > COLUMNS for x in body):
                body = wrap_block(body, block.group(1))
            out += [line, *body, lines[end]]
            i = end
        else:
            out.append(line)
        i += 1
    return out


def main():
    for path in sys.argv[1:]:
        with open(path, encoding="utf-8") as file:
            before = file.read()
        after = "\n".join(wrap(before.split("\n")))
        if after != before:
            with open(path, "w", encoding="utf-8") as file:
                file.write(after)


main()
