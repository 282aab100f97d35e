"""As much of PromQL as the examples use, read strictly: which series a query asks for.

A query that is not understood raises ValueError; Prometheus itself may understand more.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field

_TOKEN = re.compile(
    r'\s*(?:(?P<number>[0-9.]+(?:e[0-9]+)?)|(?P<range>\[[0-9]+[smhd]\])|(?P<text>"[^"]*")'
    r"|(?P<word>[a-zA-Z_]\w*)|(?P<sign>==|!=|>=|<=|=~|!~|[-+*/<>(){},=]))"
)
_FUNCTIONS = {"rate", "increase", "histogram_quantile", "absent", "time"}
_RANGED = {"rate", "increase"}
_AGGREGATES = {"sum", "max", "min", "avg", "count"}
_OPERATORS = {"+", "-", "*", "/", "<", ">", "==", "!=", ">=", "<=", "and", "or", "unless"}


@dataclass
class Selector:
    """A metric with its matchers: label, operator, value; ``within``: the function that reads it over a range."""

    name: str
    matchers: list[tuple[str, str, str]] = field(default_factory=list)
    within: str = ""


def selectors(query: str) -> list[Selector]:
    """The series that ``query`` asks for. Raises ValueError when it is none."""
    return _Reader(query).read()


class _Reader:
    def __init__(self, query: str) -> None:
        self._tokens: list[str] = []
        at = 0
        while query[at:].strip():
            match = _TOKEN.match(query, at)
            if match is None:
                raise ValueError(f"{query}: {query[at:]!r}")
            self._tokens.append(match[0].strip())
            at = match.end()
        self._found: list[Selector] = []

    def read(self) -> list[Selector]:
        self._expression("")
        if self._tokens:
            raise ValueError(f"left over: {self._tokens}")
        return self._found

    def _next(self) -> str:
        return self._tokens[0] if self._tokens else ""

    def _take(self, *expected: str) -> str:
        token = self._next()
        if not token or (expected and token not in expected):
            raise ValueError(f"{token!r} where {expected} should be")
        return self._tokens.pop(0)

    def _expression(self, function: str) -> None:
        self._term(function)
        while self._next() in _OPERATORS:
            self._take()
            if self._next() in {"on", "ignoring"}:
                self._take()
                self._list(self._label)
            self._term(function)

    def _term(self, function: str) -> None:
        token = self._take()
        if re.fullmatch("[0-9.]+(e[0-9]+)?", token):
            return
        if token == "(":  # noqa: S105 - a bracket
            self._expression(function)
            self._take(")")
        elif token in _AGGREGATES:
            self._by()
            self._list(lambda: self._expression(""))
            self._by()
        elif token in _FUNCTIONS:
            self._list(lambda: self._expression(token))
        elif re.fullmatch(r"[a-zA-Z_]\w*", token) and self._next() != "(":
            self._selector(token, function)
        else:
            raise ValueError(f"{token!r} is no term")

    def _by(self) -> None:
        if self._next() in {"by", "without"}:
            self._take()
            self._list(self._label)

    def _list(self, item: Callable[[], object]) -> None:
        self._take("(")
        while self._next() != ")":
            item()
            if self._next() != ")":
                self._take(",")
        self._take(")")

    def _label(self) -> str:
        token = self._take()
        if not re.fullmatch(r"[a-z_]\w*", token):
            raise ValueError(f"{token!r} is no label")
        return token

    def _selector(self, name: str, function: str) -> None:
        found = Selector(name, within=function)
        if self._next() == "{":
            self._take("{")
            while self._next() != "}":
                found.matchers.append((self._label(), self._take("=", "!=", "=~", "!~"), self._take().strip('"')))
                if self._next() != "}":
                    self._take(",")
            self._take("}")
        ranged = self._next().startswith("[")
        if ranged != (function in _RANGED):
            raise ValueError(f"{name}: a range is what rate and increase take, and nothing else does")
        if ranged:
            self._take()
        self._found.append(found)
