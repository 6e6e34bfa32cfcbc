"""The little of Mozilla's remote control that a test needs: JSON behind its length over one socket, a number for each
question. Everything runs in the program's own window, not in a page.

    m = Marionette(2828)
    m.open()
    m.script("return document.title")
"""
import base64
import json
import socket
import time

ELEMENT = "element-6066-11e4-a52e-4f735466cecf"  # a reference to an element, W3C WebDriver section 12.2


class Marionette:
    def __init__(self, port, alive=lambda: True, seconds=60):
        self.said, self.last = b"", 0
        end = time.monotonic() + seconds
        while True:
            try:
                self.s = socket.create_connection(("127.0.0.1", port), timeout=60)
                break
            except OSError:
                if not alive() or time.monotonic() > end:
                    raise
                time.sleep(0.1)
        self.read()  # its greeting

    def open(self):
        """What it is."""
        session = self.ask("WebDriver:NewSession", {})
        self.ask("Marionette:SetContext", {"value": "chrome"})
        return session["capabilities"]

    def read(self):
        while True:
            length, colon, rest = self.said.partition(b":")
            if colon and len(rest) >= int(length):
                self.said = rest[int(length):]
                return json.loads(rest[:int(length)])
            more = self.s.recv(1 << 16)
            if not more:
                raise EOFError("Marionette has hung up")
            self.said += more

    def ask(self, name, args):
        self.last += 1
        text = json.dumps([0, self.last, name, args]).encode()
        self.s.sendall(b"%d:%s" % (len(text), text))
        _, number, error, result = self.read()
        assert number == self.last, (number, self.last)
        if error:
            raise AssertionError(f"{name}: {error['error']}: {error['message']}")
        return result["value"] if isinstance(result, dict) and set(result) == {"value"} else result

    def script(self, text, *args):
        """What a function with this body returns, also once its promise is kept."""
        return self.ask("WebDriver:ExecuteScript", {"script": text, "args": args, "sandbox": "system", "newSandbox": False})

    def until(self, text, *args, seconds=30):
        """The first value that is not false, null or empty."""
        end = time.monotonic() + seconds
        while not (found := self.script(text, *args)):
            if time.monotonic() > end:
                raise AssertionError(f"not within {seconds} s: {text}")
            time.sleep(0.1)
        return found

    def type(self, element, text):
        self.ask("WebDriver:ElementSendKeys", {"id": element[ELEMENT], "text": text})

    def clear(self, element):
        self.ask("WebDriver:ElementClear", {"id": element[ELEMENT]})

    def click(self, element):
        self.ask("WebDriver:ElementClick", {"id": element[ELEMENT]})

    def screenshot(self, path):
        path.write_bytes(base64.b64decode(self.ask("WebDriver:TakeScreenshot", {"full": False})))
