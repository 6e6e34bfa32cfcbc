#!/usr/bin/env python3
"""embed.py OUT.c FILE: the shipped prior as a C array."""
import sys

with open(sys.argv[2], "rb") as f:
    data = f.read()
with open(sys.argv[1], "w", encoding="utf-8") as f:
    f.write('/* Made by scripts/prior/embed.py. */\n#include "app/shipped.h"\n')
    f.write("static const unsigned char octets[] = {\n%s\n};\n" % ",\n".join(",".join(map(str, data[i:i + 40])) for i in range(0, len(data), 40)))
    f.write("const struct str shipped_prior = { (const char *)octets, sizeof octets };\n")
