#!/usr/bin/env python3
"""What is kept of people: the table in docs/privacy.md against what the modules and the store say they write.

    persisted.py TREE        compares
    persisted.py --notices   shows that it would notice

A new column of a durable table takes a new schema number, and that takes a line in the table."""
import pathlib
import re
import sys

CLAIM = re.compile(r'"table (\w+) durable writes (\d+) ')
STORE = re.compile(r"CREATE TABLE (\w+)\(")
LINE = re.compile(r"^\| `(\w+)` \| ([\w ]+?) \| *(\d*) *\| (.+) \|$")
NOT_RUN = {"template"}  # There to be copied.
NEXT = re.compile(r"^#ifdef \w+\n.*?^#else\n", re.DOTALL | re.MULTILINE)  # What a version for trying out a push says instead.


def said(text):
    listed = text.split("<!-- persisted begins -->")[1].split("<!-- persisted ends -->")[0]
    lines = [LINE.match(line) for line in listed.strip().splitlines()[2:]]
    if not all(lines):
        raise SystemExit("docs/privacy.md: a line between the markers is not `table`, module, schema, what is in it")
    return {(line[1], line[2], line[3]) for line in lines}


def written(sources, store):
    """`sources`: module name and text of one of its files."""
    tables = {(claim[1], name, claim[2]) for name, text in sources for claim in CLAIM.finditer(NEXT.sub("", text))}
    return tables | {(table[1], "the store", "") for table in STORE.finditer(store)}


def complaints(said_of, written_by):
    for table, owner, schema in sorted(written_by - said_of):
        yield f"`{table}` of {owner}{', schema ' + schema if schema else ''} is kept on disk and docs/privacy.md does not say so"
    for table, owner, schema in sorted(said_of - written_by):
        yield f"docs/privacy.md has `{table}` of {owner}{', schema ' + schema if schema else ''}, which nobody keeps"


def main(tree):
    sources = [(file.relative_to(tree / "modules").parts[0], file.read_text())
               for file in sorted((tree / "modules").rglob("*.cpp"))]
    found = list(complaints(
        said((tree / "docs" / "privacy.md").read_text()),
        written([each for each in sources if each[0] not in NOT_RUN],
                (tree / "host" / "state" / "store_schema.cpp").read_text())))
    print("\n".join(found) or "what is kept is what is said")
    return 1 if found else 0


def notices():
    text = "<!-- persisted begins -->\n| a |\n| - |\n| `seen` | privacy | 1 | when |\n<!-- persisted ends -->"
    new_schema = written([("privacy", '"table seen durable writes 2 reads 2\\n"')], "")
    new_table = written([("privacy", '"table seen durable writes 1 reads 1\\n" "table who durable writes 1 reads 1\\n"')], "")
    assert len(list(complaints(said(text), new_schema))) == 2
    assert len(list(complaints(said(text), new_table))) == 1
    assert len(list(complaints(said(text), written([], "CREATE TABLE address(")))) == 2
    return 0


if __name__ == "__main__":
    sys.exit(notices() if sys.argv[1] == "--notices" else main(pathlib.Path(sys.argv[1])))
