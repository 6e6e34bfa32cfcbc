#!/usr/bin/env python3
"""A Postfix for a test in another language: prints where it listens as JSON once it does; then, for each line on stdin, the
mails that alice@postfix.example has as JSON, after waiting for as many as the line says. It ends with its stdin."""
import json
import os
import sys
import tempfile

import names
from far import Authority
from mtas import Peer

import daemon


def main():
    if os.getuid() != 0:
        print(json.dumps({"skip": "a namespace for Postfix needs root"}))
        return
    with tempfile.TemporaryDirectory(prefix="mayfly-postfix-") as folder:
        os.chmod(folder, 0o755)
        peer = None
        try:
            peer = Peer("postfix", folder, "127.0.6.1", names.free_port(), "postfix.example", *Authority(folder).pair("mx.postfix.example", signed=False))
            peer.start()
        except daemon.Skip as e:
            print(json.dumps({"skip": str(e)}), flush=True)
            return
        try:
            print(json.dumps({"host": peer.host, "port": peer.port, "domain": peer.domain}), flush=True)
            for line in sys.stdin:
                print(json.dumps([m.decode(errors="replace") for m in peer.wait(int(line))]), flush=True)
        finally:
            peer.end()


if __name__ == "__main__":
    main()
