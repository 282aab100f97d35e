"""The list of requests in docs/rest.md, made of docs/openapi.json."""

import json
import re
from typing import Any

from tests.documents.pages import ROOT

OPENAPI = ROOT / "docs" / "openapi.json"
_PARTS = (("Paths of the firmware", ""), ("Paths of /api/v1", "/api/v1/"))
_LISTED = 12
Node = dict[str, Any]


def requests() -> str:
    """A table for each of the two families, a row a request."""
    document = json.loads(OPENAPI.read_text(encoding="utf-8"))
    lines = []
    for title, begin in _PARTS:
        lines += [f"### {title}", "", "| request | what it does | answers |", "|---|---|---|"]
        rows: dict[str, list[str]] = {}
        for path, methods in document["paths"].items():
            if path.startswith("/api/v1/") == bool(begin):
                for method, request in methods.items():
                    rows.setdefault(_row(document, request), []).append(f"`{method.upper()} {path}`")
        lines += [f"| {', '.join(names)} {row}" for row, names in rows.items()]
        lines.append("")
        lines += _taken(document, begin)
    return "\n".join(lines).rstrip()


def _row(document: Node, request: Node) -> str:
    """Behind the request's name; equal rows are one."""
    answers = [_answer(document, code, answer) for code, answer in request["responses"].items() if code != "default"]
    about = " ".join(request["description"].replace("``", "`").split())
    return f"| {about} | {'; '.join(answers)} |"


def _answer(document: Node, code: str, answer: Node) -> str:
    if code != "200":
        return f"{code} {answer['description']}"
    return "; or ".join(_content(document, kind, body) for kind, body in answer["content"].items())


def _content(document: Node, kind: str, body: Node) -> str:
    keys = _properties(document, body.get("schema", {}))
    if kind != "application/json" or not keys:
        return "JSON, a key a setting" if kind == "application/json" else kind
    shown = [f"`{key}`" for key in keys]
    return ", ".join(shown if len(shown) <= _LISTED else [*shown[:_LISTED], f"and {len(shown) - _LISTED} more"])


def _properties(document: Node, schema: Node) -> Node:
    """The keys of an answer; of several forms, those of the first."""
    if "anyOf" in schema:
        return _properties(document, schema["anyOf"][0])
    if "$ref" in schema:
        return _properties(document, document["components"]["schemas"][schema["$ref"].rpartition("/")[2]])
    properties: Node = schema.get("properties", {})
    return properties


def _taken(document: Node, begin: str) -> list[str]:
    """What the requests of a family take, a table each; requests that take the same share it."""
    tables: dict[str, list[str]] = {}
    for path, methods in document["paths"].items():
        for method, request in methods.items():
            if path.startswith("/api/v1/") == bool(begin) and (rows := _parameters(request)):
                tables.setdefault("\n".join(rows), []).append(f"`{method.upper()} {path}`")
    lines: list[str] = []
    for taken, requests in tables.items():
        lines += [f"{', '.join(requests)}:", "", "| parameter | takes |", "|---|---|", taken, ""]
    return lines


def _parameters(request: Node) -> list[str]:
    if request["operationId"] == "patch-api-v1-settings":
        return ["| any key of [configuration.md](configuration.md#owner-settings) | what that setting takes |"]
    given = [(item["name"], item["schema"], item.get("required", False)) for item in request.get("parameters", [])]
    body = request.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", {})
    given += [(name, schema, name in body.get("required", [])) for name, schema in body.get("properties", {}).items()]
    return [
        f"| {'**' if needed else ''}`{name}`{'**' if needed else ''} | {_takes(schema)} |"
        for name, schema, needed in given
    ]


def _takes(schema: Node) -> str:
    about = schema.get("description", "")
    form = _form(schema)
    return f"{form}: {about}" if form and about else form or about


_NAMES = {
    "number": "a number",
    "integer": "a whole number",
    "boolean": "`true`, `false`",
    "string": "a text",
    "array": "a list",
    "object": "an object",
    "null": "null",
}
_TEXTS = {
    "^([0-9A-Fa-f]{12}|[0-9A-Fa-f]{14})$": "12 or 14 hexadecimal digits",
    "^[0-9]{1,4}$": "1 to 4 digits",
    "^[0-9]{4,8}$": "4 to 8 digits",
}


def _form(schema: Node) -> str:
    if "anyOf" in schema:
        return " or ".join(dict.fromkeys(_form(one) for one in schema["anyOf"]))
    if "enum" in schema:
        return ", ".join(f"`{choice}`" for choice in schema["enum"] if not re.fullmatch(r"[A-Z]{2,}", str(choice)))
    if "const" in schema:
        return f"`{schema['const']}`"
    kinds = schema.get("type", [])
    kinds = [kinds] if isinstance(kinds, str) else kinds
    null = " or null" if "null" in kinds and kinds != ["null"] else ""
    if "minimum" in schema and "maximum" in schema:
        return f"{schema['minimum']:g} to {schema['maximum']:g}{null}"
    if "pattern" in schema:
        return _TEXTS.get(schema["pattern"], "`YYYY-MM-DDTHH:MM`" if "T[0-9]" in schema["pattern"] else "a text")
    return " or ".join(_NAMES[kind] for kind in kinds if kind != "null" or len(kinds) == 1) + null
