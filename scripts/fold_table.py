#!/usr/bin/env python3
"""Prints src/wire/fold_table.c from the Unicode tables that Python has. Run by hand when they should be newer."""
import unicodedata

HANGUL = range(0xAC00, 0xD7A4)  # syllables: left whole, both text and pattern have them alike
OTHERS = (range(0xD800, 0xE000), range(0xF900, 0xFB00), range(0xFB1D, 0xFB4F))  # surrogates, compatibility forms
ASTRAL = (range(0x10400, 0x10450), range(0x1E900, 0x1E944))  # Deseret, Adlam: the scripts with case that people use


def single(cp):
    d = unicodedata.normalize("NFD", chr(cp))
    return ord(d) if len(d) == 1 else cp


def title(cp):
    if cp in range(0xFF01, 0xFF5F):  # full-width ASCII
        cp -= 0xFEE0
    t = chr(cp).title()
    return ord(t) if len(t) == 1 else cp


def known():
    for cp in range(0x80, 0x10000):
        if cp not in HANGUL and not any(cp in r for r in OTHERS):
            yield cp
    for r in ASTRAL:
        yield from r


def cases():
    out = []
    for cp in known():
        delta = single(title(single(cp))) - cp
        if delta == 0:
            continue
        first, last, step, d = out[-1] if out else (0, 0, 0, 0)
        if d == delta and cp - last in ((1, 2) if first == last else (step,)):
            out[-1] = (first, cp, cp - last, d)
        else:
            out.append((cp, cp, 1, delta))
    return out


def marks():
    for cp in known():
        d = unicodedata.decomposition(chr(cp)).split()
        if cp < 0x10000 and single(title(cp)) == cp and len(d) == 2 and not d[0].startswith("<"):
            yield cp, int(d[0], 16), int(d[1], 16)


def rows(items, per_line):
    cells = ["{ " + ", ".join(f"0x{v:04x}" if i < n else str(v) for i, v in enumerate(item)) + " }" for item, n in items]
    for i in range(0, len(cells), per_line):
        print("    " + ", ".join(cells[i : i + per_line]) + ",")


print(f"""/* Made by scripts/fold_table.py from Unicode {unicodedata.unidata_version}; not to be edited. */
#include "wire/fold_table.h"

// clang-format off
const struct fold_case fold_cases[] = {{""")
rows([(c, 2) for c in cases()], 4)
print("};\nconst size_t fold_case_n = COUNT(fold_cases);\n\nconst struct fold_mark fold_marks[] = {")
rows([(m, 3) for m in marks()], 4)
print("};\nconst size_t fold_mark_n = COUNT(fold_marks);")
