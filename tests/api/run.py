#!/usr/bin/env python3
"""The HTTP interfaces against a real daemon. run.py [NAME...]: only the suites so named (rest, write, send, answer, live, wire, lite, compat, limits, autoconfig)."""
import importlib
import sys

from client import run

SUITES = ["rest", "write", "send", "answer", "live", "wire", "lite", "compat", "limits", "autoconfig"]


def main():
    cases = []
    wanted = sys.argv[1:] or SUITES
    modules = [importlib.import_module(name) for name in SUITES if name in wanted]
    started = []
    for m in modules:
        def begin(m=m):
            m.start()
            started.append(m)
        begin.__name__ = f"{m.__name__}: start"
        cases += [begin, *m.CASES]
        if hasattr(m, "stop"):
            def end(m=m):
                m.stop()
            end.__name__ = f"{m.__name__}: stop"
            cases.append(end)
    if wanted == SUITES:
        import rest
        cases.append(rest.every_route_was_asked)
    return run(cases)


if __name__ == "__main__":
    sys.exit(main())
