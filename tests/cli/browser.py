"""Headless Chromium over the DevTools protocol: opens a page, and tells what it draws, asks for and complains about."""

import base64
import contextlib
import dataclasses
import fcntl
import json
import os
import pathlib
import select
import shutil
import signal
import struct
import subprocess
import tempfile
import time
import zlib

CHROMIUM = shutil.which("chromium")

# Of each <figure>: what a reader, an eye and a screen reader get.
FIGURES = """[...document.querySelectorAll("figure")].map((figure) => {
  const all = (selector) => [...figure.querySelectorAll(selector)];
  const chart = figure.querySelector(".chart"), paths = all("svg path");
  return {
    title: figure.querySelector("h3").textContent,
    label: chart.getAttribute("aria-label") || "",
    texts: all("svg text").map((e) => e.textContent),
    lines: paths.filter((e) => e.getAttribute("fill") === "none" && ["2", "3"].includes(e.getAttribute("stroke-width")))
      .map((e) => [e.getAttribute("stroke"), e.hasAttribute("stroke-dasharray")]),
    fills: paths.map((e) => e.getAttribute("fill")).filter((fill) => fill && fill !== "none"),
    rows: all("tr").map((row) => [...row.children].map((cell) => cell.textContent)),
    inside: all("svg").every((e) => e.getBoundingClientRect().right <= figure.getBoundingClientRect().right + 0.5),
  };
})"""


@dataclasses.dataclass
class Figure:
    title: str
    label: str
    texts: list[str]
    lines: list[list]  # color, and whether dashed, of each line of a chart
    fills: list[str]
    rows: list[list[str]]
    inside: bool  # the drawing is not wider than its figure


class Page:
    """A tab. `requests` are what it asked for beside itself; `complaints` what went wrong in it."""

    def __init__(self, browser: "Browser", session: str):
        self.browser, self.session = browser, session
        self.requests: list[str] = []
        self.complaints: list[str] = []

    def call(self, method: str, **parameters) -> dict:
        return self.browser.call(method, parameters, self.session)

    def value(self, expression: str):
        """What a JavaScript expression gives, once all events so far are handled."""
        code = f"new Promise((done) => setTimeout(() => done({expression}), 60))"
        result = self.call("Runtime.evaluate", expression=code, awaitPromise=True, returnByValue=True)
        if "exceptionDetails" in result:
            raise AssertionError(result["exceptionDetails"])
        return result["result"].get("value")

    def figures(self) -> dict[str, Figure]:
        return {each["title"]: Figure(**each) for each in self.value(FIGURES)}

    def press(self, key: str):
        for kind in ["keyDown", "keyUp"]:
            self.call("Input.dispatchKeyEvent", type=kind, key=key, code=key)

    def point_at(self, x: float, y: float):
        self.call("Input.dispatchMouseEvent", type="mouseMoved", x=x, y=y)

    def screenshot(self) -> bytes:
        return base64.b64decode(self.call("Page.captureScreenshot", format="png")["data"])

    def print(self) -> bytes:
        return base64.b64decode(self.call("Page.printToPDF")["data"])

    def heard(self, event: dict):
        what, how = event["method"], event.get("params", {})
        if what == "Network.requestWillBeSent" and how["request"]["url"] != self.address:
            self.requests.append(how["request"]["url"])
        elif what == "Runtime.exceptionThrown":
            self.complaints.append(how["exceptionDetails"].get("exception", {}).get("description", str(how)))
        elif what == "Runtime.consoleAPICalled" and how["type"] in {"error", "warning"}:
            self.complaints.append(str([a.get("value") for a in how["args"]]))
        elif what == "Log.entryAdded":
            self.complaints.append(how["entry"]["text"])
        elif what == "Page.loadEventFired":
            self.loaded = True

    def open(self, path: pathlib.Path, width: int, height: int, dark: bool):
        self.address, self.loaded = path.as_uri(), False
        for domain in ["Page", "Runtime", "Network", "Log"]:
            self.call(domain + ".enable")
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.call("Emulation.setEmulatedMedia", features=[scheme])
        self.call("Page.navigate", url=self.address)
        self.browser.wait(lambda: self.loaded)


class Browser:
    """Chromium with a profile of its own; a context manager, at whose end nothing of it is left."""

    def __enter__(self):
        self.profile = tempfile.mkdtemp(prefix="kvmark-browser-", dir="/var/tmp")
        theirs_in, self.out = os.pipe()
        self.incoming, theirs_out = os.pipe()
        # The protocol is spoken over descriptors 3 and 4, so these ends must not be those numbers themselves.
        low = [theirs_in, theirs_out]
        theirs_in, theirs_out = (fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, 10) for end in low)
        for end in low:
            os.close(end)
        command = [CHROMIUM, "--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run", "--hide-scrollbars",
                   "--disable-background-networking", "--host-resolver-rules=MAP * ~NOTFOUND", "--remote-debugging-pipe",
                   f"--user-data-dir={self.profile}", "about:blank"]
        shell = ["bash", "-c", f'exec "$@" 3<&{theirs_in} 4>&{theirs_out}', "bash"]
        self.process = subprocess.Popen(shell + command, pass_fds=[theirs_in, theirs_out], stdin=subprocess.DEVNULL,
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
                                        env={**os.environ, "HOME": self.profile})
        os.close(theirs_in)
        os.close(theirs_out)
        self.buffer, self.last, self.answers, self.pages = b"", 0, {}, {}
        return self

    def __exit__(self, *_):
        with contextlib.suppress(OSError, AssertionError):
            self.call("Browser.close", {})
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(5)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        os.close(self.out)
        os.close(self.incoming)
        shutil.rmtree(self.profile, ignore_errors=True)

    def call(self, method: str, parameters: dict, session: str | None = None) -> dict:
        self.last += 1
        number = self.last
        message = {"id": number, "method": method, "params": parameters, **({"sessionId": session} if session else {})}
        data = json.dumps(message).encode() + b"\0"
        while data:
            data = data[os.write(self.out, data) :]
        self.wait(lambda: number in self.answers)
        answer = self.answers.pop(number)
        if "error" in answer:
            raise AssertionError(f"{method}: {answer['error']}")
        return answer["result"]

    def wait(self, done, seconds: float = 60):
        end = time.monotonic() + seconds
        while not done():
            if not select.select([self.incoming], [], [], max(0, end - time.monotonic()))[0]:
                raise AssertionError(f"Chromium said nothing for {seconds} s")
            data = os.read(self.incoming, 1 << 20)
            if not data:
                raise AssertionError("Chromium ended")
            *messages, self.buffer = (self.buffer + data).split(b"\0")
            for message in map(json.loads, messages):
                if "id" in message:
                    self.answers[message["id"]] = message
                elif message.get("sessionId") in self.pages:
                    self.pages[message["sessionId"]].heard(message)

    def open(self, path: pathlib.Path, width: int = 1400, height: int = 900, dark: bool = False) -> Page:
        target = self.call("Target.createTarget", {"url": "about:blank"})["targetId"]
        session = self.call("Target.attachToTarget", {"targetId": target, "flatten": True})["sessionId"]
        page = self.pages[session] = Page(self, session)
        page.open(path, width, height, dark)
        return page


def pixels(png: bytes, rows: int) -> list[list[tuple[int, ...]]]:
    """The first rows of a picture of 8 bits a channel, as (red, green, blue)."""
    width, height, _, kind = struct.unpack(">IIBB", png[16:26])
    depth = {2: 3, 6: 4}[kind]
    data, at = b"", 8
    while at < len(png):
        length, name = struct.unpack(">I4s", png[at : at + 8])
        data += png[at + 8 : at + 8 + length] if name == b"IDAT" else b""
        at += length + 12
    stride = width * depth
    raw = zlib.decompressobj().decompress(data, (stride + 1) * min(rows, height))
    picture, before = [], bytes(stride)
    for y in range(min(rows, height)):
        method, line = raw[y * (stride + 1)], bytearray(raw[y * (stride + 1) + 1 : (y + 1) * (stride + 1)])
        for x in range(stride if method else 0):
            a, b, c = (line[x - depth], before[x], before[x - depth]) if x >= depth else (0, before[x], 0)
            nearest = min((abs(b - c), 0, a), (abs(a - c), 1, b), (abs(a + b - 2 * c), 2, c))[2]
            line[x] = line[x] + [0, a, b, (a + b) // 2, nearest][method] & 255
        picture.append([tuple(line[x : x + 3]) for x in range(0, stride, depth)])
        before = bytes(line)
    return picture
