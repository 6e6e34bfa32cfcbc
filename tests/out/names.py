"""A DNS of a test's own: names to records, changed as the test goes on. Those of a name that is SILENT are never answered,
those of one that is BROKEN are SERVFAIL."""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "trust"))
import zone  # noqa: E402
from zone import Count, testdns  # noqa: E402, F401

free_port = zone.free_port


def start():
    plain = testdns.answer

    def answer(q, tcp):
        i, labels = 12, []
        while q[i]:
            labels.append(q[i + 1:i + 1 + q[i]])
            i += 1 + q[i]
        name = b".".join(labels).decode("latin-1").lower()
        if ("BROKEN", None) in testdns.ZONE.get(name, []):
            return q[:2] + b"\x85\x82" + q[4:6] + b"\0\0\0\0\0\0" + q[12:i + 5]
        return plain(q, tcp)
    testdns.answer = answer
    return zone.start()


def put(name, **records):
    """put("far.example", MX=[(10, "mx.far.example")], A=["127.0.2.1"])"""
    testdns.ZONE[name] = [(t, v) for t, values in records.items() for v in (values if isinstance(values, list) else [values])]
