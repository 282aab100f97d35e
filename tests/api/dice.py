"""Random requests as bytes: mostly near to what the OpenAPI document describes, some far from any request at all."""

import json
import random
import string
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, quote_plus

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS")
ODD_METHODS = ("TRACE", "CONNECT", "get", "BREW", "X" * 40, "M-SEARCH", "POST\t")
EXTRA_PATHS = (
    "/",
    "/docs",
    "/openapi.json",
    "/web/app.js",
    "/web/",
    "/docs/swagger/swagger-ui.css",
    "/api/v1",
    "/api",
)
ODD_PATHS = (
    "", "*", "//", "/..", "/web/../../etc/passwd", "/web/%2e%2e/%2e%2e/etc/passwd", "/%", "/%00", "/settings/",
    "/settings%2f", "/SETTINGS", "http://evil.example/settings", "/" + "a" * 9_000, "/web/" + "b" * 300, "/%ff%fe",
    "/;x",
)  # fmt: skip
HOSTS = ("localhost", "127.0.0.1", "[::1]:80", "smartevse-0.local", "charger.lan:8080")
FOREIGN_HOSTS = ("evil.example", "", "127.1", "localhost.evil.example", "\xff", "a" * 300, "[::1", "x:y:z")
ORIGINS = ("http://localhost", "http://127.0.0.1", "null", "https://evil.example", "", "\xff", "http://[", "x" * 500)
CONTENT_TYPES = (
    "application/x-www-form-urlencoded", "application/json", "application/merge-patch+json", "text/plain", "",
    "multipart/form-data; boundary=x", "application/json; charset=utf-16", "\xff", "application/problem+json",
)  # fmt: skip
NUMBERS = (
    "0", "1", "2", "3", "4", "5", "6", "10", "13", "16", "32", "60", "80", "130", "600", "-1", "-0", "00", "1.5", "1e3",
    "99999999999999999999", "NaN", "inf", "0x10", "٣", "", " ", "+1", "1_0", "true", "null", "1" * 4_000,
)  # fmt: skip
TEXTS = (
    "left", "right", "2031-04-14T23:31", "2031-04-15T23:31", '"2031-04-14T23:31"', "2031-13-99T99:99", "\x00",
    "\ud800", "a" * 33, "%", "é", "<script>", "0123456789ab", "0123456789abcd", "ABCDEF", "127.0.0.1", "\r\nX: y",
)  # fmt: skip
ODD_HEADERS = (
    b"X: " + b"y" * 20_000, b"Expect: 100-continue", b"Connection: upgrade\r\nUpgrade: websocket",
    b"Cookie: a=b; evsed-lcd=x", b"Range: bytes=0-9", b"If-None-Match: *", b"If-Modified-Since: x", b"Accept: x/y",
    b"User-Agent: evcc/0.200", b"Transfer-Encoding: gzip", b"Content-Encoding: gzip", b"X-Forwarded-For: 1.2.3.4",
    b"Last-Event-ID: 5", b"\xff: \xff",
)  # fmt: skip


@dataclass(frozen=True)
class Asked:
    """A request. ``is_whole``: it is framed as HTTP has it, so that exactly one answer comes."""

    data: bytes
    method: str = ""
    path: str = ""
    is_whole: bool = False


class Dice:
    """Requests, always the same for the same ``seed``, about what ``document`` (OpenAPI) says there is."""

    def __init__(self, document: dict[str, Any], seed: int) -> None:
        self._random = random.Random(seed)
        self._operations = [
            (
                method.upper(),
                path,
                {item["name"]: item["schema"] for item in operation.get("parameters", ())},
                operation,
            )
            for path, methods in document["paths"].items()
            for method, operation in methods.items()
        ]

    def throw(self) -> Asked:
        """The next request."""
        dice = self._random
        if dice.random() < 0.02:
            return Asked(dice.randbytes(dice.randrange(1, 400)) + dice.choice([b"", b"\r\n\r\n"]))
        asked = self._near() if dice.random() < 0.85 else self._far()
        return self._broken(asked) if dice.random() < 0.05 else asked

    # ---- whole requests ----

    def _near(self) -> Asked:
        """A request of the document, with what it takes and what it does not take."""
        dice = self._random
        method, path, parameters, operation = dice.choice(self._operations)
        while "{" in path:
            before, _, after = path.partition("{")
            path = before + quote(self._value({}), safe="", errors="surrogatepass") + after.partition("}")[2]
        schema = _json_schema(operation)
        if schema is not None:
            return self._request(method, path, self._json(schema), "application/json")
        sent = [(name, self._value(parameters[name])) for name in parameters if dice.random() < 0.3]
        if dice.random() < 0.2:
            sent.append((dice.choice(string.ascii_letters), self._value({})))
        in_query = [pair for pair in sent if dice.random() < 0.5]
        query = _encoded(in_query)
        form = _encoded([pair for pair in sent if pair not in in_query])
        target = f"{path}?{query}" if query else path
        return self._request(method, target, form.encode(), "application/x-www-form-urlencoded" if form else "")

    def _far(self) -> Asked:
        """Any method, path, body and type."""
        dice = self._random
        paths = [operation[1] for operation in self._operations]
        method = dice.choice(METHODS) if dice.random() < 0.8 else dice.choice(ODD_METHODS)
        path = dice.choice(paths) if dice.random() < 0.6 else dice.choice(EXTRA_PATHS + ODD_PATHS)
        body = b"" if dice.random() < 0.4 else self._body()
        return self._request(method, path, body, dice.choice(CONTENT_TYPES))

    def _request(self, method: str, target: str, body: bytes, sent_as: str) -> Asked:
        dice = self._random
        host = dice.choice(HOSTS) if dice.random() < 0.93 else dice.choice(FOREIGN_HOSTS)
        lines = [f"{method} {target} HTTP/1.1".encode("latin-1", "replace"), b"Host: " + host.encode("latin-1")]
        if dice.random() < 0.08:
            lines.append(b"Origin: " + dice.choice(ORIGINS).encode("latin-1"))
        if sent_as:
            lines.append(b"Content-Type: " + sent_as.encode("latin-1"))
        if dice.random() < 0.1:
            lines.append(dice.choice(ODD_HEADERS))
        if body and dice.random() < 0.1:
            lines.append(b"Transfer-Encoding: chunked")
            body = b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body)
        elif body or method in {"POST", "PUT", "PATCH"}:
            lines.append(b"Content-Length: %d" % len(body))
        data = b"\r\n".join([*lines, b"", b""]) + body
        return Asked(data, method, target.partition("?")[0], is_whole=True)

    def _broken(self, asked: Asked) -> Asked:
        """A request with its end cut off, some bytes changed, or another length than it says."""
        dice = self._random
        data = bytearray(asked.data)
        kind = dice.randrange(3)
        if kind == 0:
            del data[dice.randrange(len(data)) :]
        elif kind == 1:
            for _ in range(dice.randrange(1, 9)):
                data[dice.randrange(len(data))] = dice.randrange(256)
        else:
            data = data.replace(b"Content-Length: ", dice.choice([b"Content-Length: 9", b"Content-Length: -"]))
        return Asked(bytes(data))

    # ---- what is in them ----

    def _value(self, schema: dict[str, Any]) -> str:
        dice = self._random
        if dice.random() < 0.4:
            if "enum" in schema:
                return str(dice.choice(schema["enum"]))
            if "minimum" in schema and "maximum" in schema:
                return str(dice.randint(int(schema["minimum"]), int(schema["maximum"])))
        return dice.choice(NUMBERS if dice.random() < 0.7 else TEXTS)

    def _json(self, schema: dict[str, Any]) -> bytes:
        """JSON that mostly is what ``schema`` describes."""
        dice = self._random
        if dice.random() < 0.1:
            return self._body()
        properties = schema.get("properties") or {"x": {}}
        names = [name for name in properties if name in schema.get("required", ()) or dice.random() < 0.4]
        value = {name: self._json_value(properties[name]) for name in names if dice.random() < 0.95}
        if dice.random() < 0.05:
            value[dice.choice(TEXTS)] = 1
        return json.dumps(value).encode()

    def _json_value(self, schema: dict[str, Any]) -> Any:
        dice = self._random
        if dice.random() < 0.2:
            return dice.choice([None, True, [], {}, -1, 0, 1.5, 1e308, float("nan"), "x", "\ud800", [[[]]], 10**30])
        if "enum" in schema:
            return dice.choice(schema["enum"])
        low, high = schema.get("minimum", -10), schema.get("maximum", 1_000)
        return dice.choice([low, high, low - 1, high + 1, dice.randint(int(low), int(high))])

    def _body(self) -> bytes:
        dice = self._random
        return dice.choice(
            [
                b"mode=3&override_current=80", b"{}", b"[", b"[" * 50_000, b'{"current": 6, "seconds": 5}', b"null",
                b"=&=&;", b"x" * 70_000, b"a=1&" * 200, b'{"current": 1e999}', b"\xff\xfe\x00",
                dice.randbytes(dice.randrange(1, 2_000)),
            ]
        )  # fmt: skip


def _json_schema(operation: dict[str, Any]) -> dict[str, Any] | None:
    for kind, content in operation.get("requestBody", {}).get("content", {}).items():
        if "json" in kind:
            schema: dict[str, Any] = content["schema"]
            return schema
    return None


def _encoded(pairs: list[tuple[str, str]]) -> str:
    return "&".join(f"{name}={quote_plus(value, errors='surrogatepass')}" for name, value in pairs)
