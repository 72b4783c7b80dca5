"""The XML framer against a second reader of the same bytes: Python's xml.etree over the whole stream.

    framer_differential.py FRAMER_TREES CORPUS-FOLDER

For every stream in the corpus, and some hundreds made from a seed, good and damaged:
  - each stanza of the framer is one of Python's, in order, with an equal tree (its canonical bytes are parsed
    by Python, too) and an equal index;
  - without an error the framer finds as many as Python does, and Python finds no error either;
  - what Python refuses the framer refuses, once the stanza with it is complete.
"""
import os
import random
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ET

HEADER = (b"<?xml version='1.0'?><stream:stream xmlns='jabber:client' "
          b"xmlns:stream='http://etherx.jabber.org/streams' to='localhost' version='1.0'>")
ACCEPTED = {"open", "unfinished", "closed"}
# Where the framer is stricter than XML.
POLICY = {"restricted-xml", "bad-format", "bad-namespace-prefix", "policy-violation", "invalid-namespace",
          "unsupported-version", "unsupported-encoding"}


def tree(element):
    children = [(tree(child), child.tail or "") for child in element]
    return (element.tag, sorted(element.attrib.items()), element.text or "", children)


def index(element):
    """The nodes in document order as (namespace, name, text directly in them)."""
    nodes = []
    for node in element.iter():
        ns, _, name = node.tag[1:].partition("}") if node.tag.startswith("{") else ("", "", node.tag)
        nodes.append((ns, name, (node.text or "") + "".join(child.tail or "" for child in node)))
    return nodes


def read_with_python(stream):
    """The trees and indexes at depth 1, and whether Python refused the stream."""
    parser = ET.XMLPullParser(events=("start", "end"))
    parser.feed(stream)
    # Expat waits for the rest of a character whose last bytes are missing, whatever stands in the first ones;
    # the framer need not. Spaces are that rest, and harm nothing where there was none.
    parser.feed(b"    ")
    found, depth, refused = [], 0, False
    try:
        for event, element in parser.read_events():
            depth += 1 if event == "start" else -1
            if event == "end" and depth == 1:
                element.tail = None
                found.append((tree(element), index(element)))
    except ET.ParseError:
        refused = True
    return found, refused


def read_canonical(canonical):
    root = ET.fromstring(b"<r xmlns='jabber:client'>" + canonical + b"</r>")
    assert len(root) == 1 and not root.text and not root[0].tail, canonical
    return tree(root[0])


def parse_output(text):
    """A list of (stanzas, end) a file; a stanza is (canonical bytes, nodes)."""
    files = []
    for line in text.splitlines():
        kind, _, rest = line.partition(" ")
        if kind == "file":
            files.append([[], None])
        elif kind == "stanza":
            files[-1][0].append((bytes.fromhex(rest[1:]), []))
        elif kind == "node":
            node = tuple(bytes.fromhex(part[1:]).decode() for part in rest.split(" "))
            files[-1][0][-1][1].append(node)
        else:
            files[-1][1] = rest
    return files


def compare(name, content, stanzas, end):
    stream = (HEADER if content[:1] and content[0] & 1 else b"") + content[1:]
    expected, refused = read_with_python(stream)
    assert len(stanzas) <= len(expected), f"{name}: {len(stanzas)} stanzas, Python has {len(expected)}"
    for number, (canonical, nodes) in enumerate(stanzas):
        want_tree, want_index = expected[number]
        assert read_canonical(canonical) == want_tree, f"{name}: stanza {number} has another tree: {canonical}"
        assert nodes == want_index, f"{name}: stanza {number} has another index: {nodes} {want_index}"
    if end in ACCEPTED:
        assert len(stanzas) == len(expected), f"{name}: {len(stanzas)} stanzas, Python has {len(expected)}"
    if end == "open":
        assert not refused, f"{name}: Python refuses what the framer takes"
    if not refused and end not in POLICY | ACCEPTED:
        # Python waits for all four bytes that a first byte announces before it looks at the second.
        refused = read_with_python(stream + b"   ")[1]
    assert end in POLICY | ACCEPTED or refused, f"{name}: {end}, but Python takes it"


def made_stream(rng):
    """A stream from a small grammar; every other one is damaged."""
    names = ["message", "iq", "a", "b", "body", "p:c", "\u00e4"]

    def text():
        parts = ["x", " ", "\n", "&amp;", "&lt;", "&#65;", "&#x1F600;", "\u00e4", "\U0001F600", "'", '"', ">",
                 "<![CDATA[<&]]]]>", "&#13;", "]]", "\r\n"]
        return "".join(rng.choice(parts) for _ in range(rng.randrange(4)))

    def attribute(name):
        value = "".join(rng.choice(["v", " ", "&#9;", "&#10;", "\t", "&quot;", ">", "/", "&apos;", "\u20ac"])
                        for _ in range(rng.randrange(4)))
        quote = rng.choice("'\"")
        return f" {name}{rng.choice(['', ' '])}={rng.choice(['', ' '])}{quote}{value}{quote}"

    def element(depth):
        name = rng.choice(names)
        attributes = "".join(attribute(n) for n in rng.sample(["a", "b", "p:a", "xml:lang"], rng.randrange(3)))
        attributes += rng.choice(["", " xmlns='urn:x'", " xmlns=''", " xmlns='jabber:client'"])
        if depth == 0:
            attributes += " xmlns:p='urn:p'"
        if rng.random() < 0.3 or depth > 3:
            return f"<{name}{attributes}{rng.choice(['', ' '])}/>"
        inner = text() + "".join(element(depth + 1) + text() for _ in range(rng.randrange(3)))
        return f"<{name}{attributes}>{inner}</{name}{rng.choice(['', ' '])}>"

    stream = bytearray("".join(element(0) + rng.choice(["", " ", "\n"]) for _ in range(rng.randrange(1, 4))).encode())
    if rng.random() < 0.5:
        for _ in range(rng.randrange(1, 3)):
            at = rng.randrange(len(stream))
            damage = rng.choice([b"<", b">", b"/", b"'", b"&", b"\xc0", b"\xe0\x80", b"<!--", b"<?x?>", b":", b"=",
                                 b"\0", b"]]>", b"</a>", b"<![CDATA[", b" xmlns:p='urn:q'", b"\xef\xbf\xbf"])
            stream[at:at + rng.randrange(2)] = damage
    return b"\x01" + bytes(stream)


def main():
    tool, corpus = sys.argv[1:]
    names = sorted(os.path.join(corpus, name) for name in os.listdir(corpus))
    assert names, "the corpus is empty"
    with tempfile.TemporaryDirectory() as folder:
        rng = random.Random(2)
        for number in range(600):
            path = os.path.join(folder, f"made-{number}")
            with open(path, "wb") as file:
                file.write(made_stream(rng))
            names.append(path)
        output = subprocess.run([tool] + names, check=True, capture_output=True).stdout.decode("ascii")
        files = parse_output(output)
        assert len(files) == len(names)
        total = refused = 0
        for name, (stanzas, end) in zip(names, files):
            with open(name, "rb") as file:
                content = file.read()
            try:
                compare(os.path.basename(name), content, stanzas, end)
            except AssertionError:
                print(repr(content), file=sys.stderr)
                raise
            total += len(stanzas)
            refused += end not in ACCEPTED
    assert total > 500 and refused > 100, f"too little compared: {total} stanzas, {refused} refused streams"
    print(f"{len(names)} streams, {total} stanzas equal, {refused} streams refused")


main()
