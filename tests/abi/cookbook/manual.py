#!/usr/bin/env python3
"""What the manual prints is what is compiled: each block of docs/writing-a-module.md that a comment ties to a region of a
file here equals it, and each region is printed.

    manual.py MANUAL FOLDER
"""
import pathlib
import re
import sys
import textwrap
import unittest

MANUAL, FOLDER = (pathlib.Path(each) for each in sys.argv[1:3])
BLOCK = re.compile(r"<!-- cookbook: (\w+) -->\n```\w*\n(.*?)```", re.S)


def regions():
    """Name to text, without the indentation that all its lines have."""
    found = {}
    for path in sorted(FOLDER.glob("*.h")):
        name, lines = None, []
        for line in path.read_text().splitlines(keepends=True):
            mark = re.match(r"\s*// \[(\w+)\]$", line.rstrip())
            if mark and mark.group(1) != "end":
                name, lines = mark.group(1), []
            elif mark:
                found[name] = textwrap.dedent("".join(lines))
            elif name is not None:
                lines.append(line)
    return found


def differences(manual):
    printed = {name: textwrap.dedent(text) for name, text in BLOCK.findall(manual)}
    compiled = regions()
    wrong = [f"{name}: the manual prints what no region of {FOLDER.name}/ is" for name in printed if name not in compiled]
    for name, text in compiled.items():
        if name not in printed:
            wrong.append(f"{name}: is not in the manual; put it behind <!-- cookbook: {name} -->")
        elif printed[name] != text:
            wrong.append(f"{name}: the manual says otherwise than {FOLDER.name}/; copy it from there")
    return wrong


class Manual(unittest.TestCase):
    def test_it_prints_what_is_compiled(self):
        self.assertEqual(differences(MANUAL.read_text()), [])

    def test_a_manual_that_says_otherwise_is_noticed(self):
        manual = MANUAL.read_text()
        self.assertIn("number_of(row)", manual)
        self.assertEqual(len(differences(manual.replace("number_of(row)", "number_of(all)", 1))), 1)
        self.assertEqual(len(differences(manual.replace("cookbook: new_field -->", "cookbook: old_field -->"))), 2)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
