#!/usr/bin/env python3
"""embed.py OUT.c DIST OPENAPI DEPFILE: the built page and the interface's description as C arrays with their routes.

A file is kept once as it is and once gzipped (the build's own .gz, else made here) where that is smaller. The names that
the build hashes lie in assets/ and never change: those may be cached for ever. Without a build, one page says so.
"""
import gzip
import hashlib
import os
import sys

TYPES = {
    ".html": "text/html; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml", ".png": "image/png", ".ico": "image/x-icon", ".woff2": "font/woff2", ".txt": "text/plain; charset=utf-8",
    ".webmanifest": "application/manifest+json", ".json": "application/json", ".webp": "image/webp", ".avif": "image/avif",
}
PLACEHOLDER = b"""<!doctype html>
<html lang="en"><meta charset="utf-8"><title>mayfly</title>
<p>mayfly is running, but it was built without its page. <a href="/lite">The plain inbox</a> and the
<a href="/api/openapi.json">REST interface</a> work.
"""


def files(dist):
    for folder, dirs, names in os.walk(dist):
        dirs.sort()
        for name in sorted(names):
            path = os.path.join(folder, name)
            ext = os.path.splitext(name)[1]
            if name.startswith(".") or ext not in TYPES:
                continue
            with open(path, "rb") as f:
                yield "/" + os.path.relpath(path, dist).replace(os.sep, "/"), f.read(), path + ".gz"


def packed(data, ready):
    if os.path.exists(ready):
        with open(ready, "rb") as f:
            gz = f.read()
        if gzip.decompress(gz) == data:
            return gz if len(gz) < len(data) else b""
    gz = gzip.compress(data, 9, mtime=0)
    return gz if len(gz) + 64 < len(data) else b""


def array(name, data):
    lines = [",".join(map(str, data[i:i + 40])) for i in range(0, len(data), 40)]
    return "static const unsigned char %s[] = {\n%s\n};\n" % (name, ",\n".join(lines) or "0")


def gather(dist, openapi):
    found = list(files(dist)) if os.path.isdir(dist) else []
    if not any(path == "/index.html" for path, _, _ in found):
        found = [("/index.html", PLACEHOLDER, "")]
    if os.path.exists(openapi):
        with open(openapi, "rb") as f:
            found.append(("/api/openapi.json", f.read(), ""))
    for path, data, ready in found:
        yield ("/" if path == "/index.html" else path), data, ready


def write(out, dist, openapi):
    parts = ["/* Made by scripts/embed.py. */\n#include \"serve/assets.h\"\n"]
    rows, routes = [], []
    for i, (path, data, ready) in enumerate(gather(dist, openapi)):
        gz = packed(data, ready)
        ext = os.path.splitext(path)[1] or ".html"
        parts.append(array("plain_%d" % i, data))
        if gz:
            parts.append(array("gz_%d" % i, gz))
        tag = hashlib.sha256(data).hexdigest()[:20]
        rows.append('    { "%s", "\\"%s\\"", "\\"%s-gz\\"", { (const char *)plain_%d, %d }, %s, %s },\n' % (
            TYPES[ext], tag, tag, i, len(data),
            "{ (const char *)gz_%d, %d }" % (i, len(gz)) if gz else "{ 0 }", "true" if path.startswith("/assets/") else "false"))
        routes.append('    { HTTP_M_GET, STR("%s"), assets_serve, ASSETS_FLAGS, 0 },\n' % path)
    parts.append("const struct asset assets[] = {\n%s};\n" % "".join(rows))
    parts.append("const struct http_route assets_routes[] = {\n%s};\n" % "".join(routes))
    parts.append("const size_t assets_n = COUNT(assets);\n")
    text = "".join(parts)
    with open(out, "w", encoding="utf-8") as f:
        f.write(text)


def tell_inputs(out, dist, openapi, depfile):
    """DIST/.built is touched by scripts/web at the end of a build; one that is not there means: look each time."""
    with open(depfile, "w", encoding="utf-8") as f:
        f.write("%s: %s %s\n" % (out, os.path.join(dist, ".built"), openapi))


if __name__ == "__main__":
    write(*sys.argv[1:4])
    tell_inputs(*sys.argv[1:5])
