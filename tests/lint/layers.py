#!/usr/bin/env python3
"""Finds an include that points up, a cycle inside a folder, a library met outside its one place, a file grown too long.

A file may include from its own folder of src/ and from lower layers. Inside a folder the pairs (x.c and x.h are one) form
no cycle; parts named x_part belong to x where there is an x. A library's header is included only by the files named for what the library does.
"""
import fnmatch
import pathlib
import re
import sys

LAYERS = ["base", "wire", "io", "store", "trust", "core", "serve", "app"]
LINES_MAX = 400  # past that, look for the second idea in the file

# Header pattern -> the pairs in src/ that may include it.
LIBRARIES = {
    "sodium*": ["base/*"],
    "zstd*.h": ["base/zip"],
    "openssl/*": ["base/crypto*", "io/tls*", "io/conn*", "io/stream"],
    "event2/*": ["io/loop", "io/conn*", "io/post"],
    "http_parser.h": ["wire/http"],
    "wslay/*": ["wire/ws"],
    "jansson.h": ["wire/json"],
    "iconv.h": ["wire/charset"],
    "idn2.h": ["wire/addr", "wire/domain"],
    "libpsl.h": ["wire/addr", "wire/domain"],
    "arpa/nameser.h": ["wire/dns_rr"],
    "resolv.h": ["wire/dns_rr"],
    "unbound*.h": ["io/dns"],
    "curl/*": ["io/fetch"],
    "lmdb.h": ["store/embed_index_env"],
    "hiredis/*": ["store/redis"],
    "confuse.h": ["app/config_file"],
    "seccomp.h": ["app/sandbox"],
    "linux/landlock.h": ["app/sandbox"],
}
# Parts of a module that do not carry its name: auth's inner half; the handlers of the interface's table, and what two of them share.
PARTS = {"core/opened": "core/auth", "serve/live": "serve/api", "serve/writing": "serve/api"}
INCLUDE = re.compile(r'^\s*#\s*include\s+(?:"([^"]+)"|<([^>]+)>)', re.M)


def pair(path):
    return path.with_suffix("").as_posix()


def family(stem, stems):
    """http_conn is a part of http, where there is an http."""
    for part, whole in PARTS.items():
        if stem == part or stem.startswith(part + "_"):
            return whole
    folder, name = stem.split("/", 1)
    parts = name.split("_")
    for n in range(1, len(parts)):
        head = f"{folder}/{'_'.join(parts[:n])}"
        if head in stems:
            return head
    return stem


def check_own(name, target, files, edges):
    """An include in quotes: "folder/file.h" from src/. Returns a complaint or None."""
    if target not in files:
        return f'"{target}": no such file in src/ (write "folder/file.h")'
    mine, theirs = name.split("/")[0], target.split("/")[0]
    if LAYERS.index(theirs) > LAYERS.index(mine):
        return f'"{target}": {theirs}/ lies above {mine}/'
    if theirs == mine:
        stems = {pair(pathlib.Path(f)) for f in files}
        edges.setdefault(family(pair(pathlib.Path(name)), stems), set()).add(family(pair(pathlib.Path(target)), stems))
    return None


def check_library(name, target):
    for pattern, homes in LIBRARIES.items():
        if fnmatch.fnmatch(target, pattern):
            stem = pair(pathlib.Path(name))
            if not any(fnmatch.fnmatch(stem, h) for h in homes):
                return f"<{target}>: only in {', '.join(homes)}"
    return None


def cycles(edges):
    """Each pair that can reach itself through others, with the way."""
    found, done = [], set()

    def walk(node, way):
        if node in way:
            ring = way[way.index(node):]
            if frozenset(ring) not in {frozenset(r) for r in found}:
                found.append(ring)
            return
        if node in done:
            return
        for nxt in sorted(edges.get(node, ())):
            if nxt != node:
                walk(nxt, way + [node])
        done.add(node)

    for start in sorted(edges):
        walk(start, [])
    return found


def main():
    root = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parents[2])
    src = root / "src"
    files = {p.relative_to(src).as_posix(): p for p in sorted(src.rglob("*.[ch]"))}
    bad, edges = [], {}
    for name, path in files.items():
        if name.split("/")[0] not in LAYERS:
            bad.append(f"src/{name}: not in a layer's folder")
            continue
        text = path.read_text()
        if text.count("\n") > LINES_MAX:
            bad.append(f"src/{name}: {text.count(chr(10))} lines, at most {LINES_MAX}")
        for m in INCLUDE.finditer(text):
            line = text.count("\n", 0, m.start()) + 1
            said = check_own(name, m[1], files, edges) if m[1] else check_library(name, m[2])
            if said:
                bad.append(f"src/{name}:{line}: {said}")
    for ring in cycles(edges):
        bad.append("src: a cycle: " + " -> ".join(ring + ring[:1]))
    for b in bad:
        print(b)
    print(f"{len(files)} passed, {len(bad)} failed")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
