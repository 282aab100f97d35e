"""The last net under the log: what looks like a secret, or is one that we keep in clear, is hidden from all who look.

Owns the forms in which a secret would stand in a line, and what is harmless to a terminal. That secrets are not logged
at all is the care of whoever logs; here is what catches a slip.

A value that we know is hidden wherever it stands, but only one that a machine has made: where a PIN were hidden by its
value, or a password out of a person's head, whoever may look could have us log thousands of guesses a second, past all
waiting, and see which one is hidden. Those are found by what stands beside them, as evsed itself writes them.
"""

import base64
import binascii
import json
import re
from collections.abc import Iterable
from itertools import pairwise
from typing import Final
from urllib.parse import quote, quote_plus

HIDDEN: Final = "***"
_SHORTEST: Final = 12
_TURNS: Final = 7  # P@ssw0rd!2024 has six
_REMEMBERED: Final = 16

_WITH_BLANKS: Final = r"(?:passwor[dt]|passwd|passphrase|pwd|secret|(?<![a-z])(?:pass|psk))"
_AFTER_NAME: Final = r"(?:[_-]\w{1,20}|\d{1,2})?"
_NAMES: Final = (
    rf"(?:(?:{_WITH_BLANKS}|credentials?|webhook|api[_-]?key|evsed-(?:session|lcd)|lcd_?pin"
    rf"|(?<![a-z])(?:pin|token)|(?<=[?&])key){_AFTER_NAME}"
    r"|(?<![a-z])installer(?=\\*[\"']|\s{0,3}(?:=|%3d|:\s{0,3}[\"'\d])))"  # "installer:PIN" is what our own texts say
)
_BETWEEN: Final = r"\\*[\"']?\s{0,3}(?:[:=]|%3[ad])\s{0,3}"
_VALUE: Final = (
    r"(?:[\[{(].*|\\+[\"'].*"  # a list, or quotes in quotes: to the end of the line
    r"|[bru]?\"(?:\\++.|[^\"\\])*\"?|[bru]?'(?:\\++.|[^'\\])*'?|[^\s&]+)"  # no quote behind a backslash ends it
)
_NAMED: Final = re.compile(rf"({_NAMES}{_BETWEEN}){_VALUE}", re.IGNORECASE)
_SAID: Final = re.compile(  # without quotes: to the end of the line, what the address of a page has behind it aside
    rf"({_WITH_BLANKS}{_AFTER_NAME}\s{{0,3}}[:=]\s{{0,3}})(?![\[{{(\"'\\]|[bru][\"'])"
    r"[^\s&]+(?:[^\S\n]+(?!HTTP/\d)(?:[^\s&]+|&(?=\s)))*",
    re.IGNORECASE,
)
_HEADER: Final = re.compile(
    r"\b((?:proxy-)?authorization|(?:set-)?cookie)([\"']?\s{0,3}+[:=,]\s{0,3}+(?:b?[\"'])?+)"
    r"(?!Basic takes |Bearer TOKEN\b)[^\"'\r\n]+",  # but what our own texts say of it
    re.IGNORECASE,
)
_BASIC: Final = re.compile(r"\b(basic\s{1,3})([A-Za-z0-9+/_-]{4,}={0,2})", re.IGNORECASE)
_BEARER: Final = re.compile(r"\b(bearer\s{1,3})(?!TOKEN\b|realm\b)[A-Za-z0-9._~+/-]{8,}=*", re.IGNORECASE)
_LOGIN: Final = re.compile(r"\b(owner|installer):(?!PASSWORD\b|PIN\b)[^\s\"']+", re.IGNORECASE)
_CURL: Final = re.compile(r"((?:^|\s)(?:-u|--user)[\s=]\s{0,3}[\"']?)(?!owner:|installer:)[^\s:]{1,100}:[^\s\"']+")
_IN_URL: Final = re.compile(r"(://)(?:[^\s/@:]{0,300}:[^\s]{0,300}@|[^\s/?#]{0,300}@)")
_TOKEN: Final = re.compile(r"(?<![A-Za-z0-9_-])[A-Za-z0-9_-]{43}(?![A-Za-z0-9_-])")  # as credentials.new_token makes it
_KEY: Final = re.compile(r"-----BEGIN [A-Z ]{0,40}PRIVATE KEY-----.*?(?:-----END [A-Z ]{0,40}-----|\Z)", re.DOTALL)
_PARTS: Final = re.compile(r"[/?&=#:@]")
_ESCAPE: Final = re.compile("%[0-9A-F]{2}")


class Secrets:
    """Hides secrets. Those that are known by value may change; the last ones that were, are hidden as well.

    For one thread.
    """

    def __init__(self) -> None:
        self._values: dict[str, None] = {}
        self._seen: tuple[str, ...] = ()
        self._by_value: re.Pattern[str] | None = None

    def know(self, values: Iterable[str]) -> None:
        """``values`` are secret from now on; a URL's path and query are, not its host."""
        given = tuple(values)
        if given == self._seen:
            return
        self._seen = given
        for value in given:
            for part in _parts(value) if "://" in value else [value]:
                if hard_to_guess(part):
                    self._values.pop(part, None)
                    self._values[part] = None
        while len(self._values) > _REMEMBERED:
            del self._values[next(iter(self._values))]
        forms = {form for value in self._values for form in _forms(value)}
        longest_first = "|".join(re.escape(form) for form in sorted(forms, key=len, reverse=True))
        self._by_value = re.compile(longest_first) if forms else None

    def hide(self, text: str) -> str:
        """``text`` without secrets and without anything that moves a terminal's cursor but the line feeds it has."""
        text = harmless(text)
        if self._by_value is not None:
            text = self._by_value.sub(HIDDEN, text)
        return hide(text)


def hide(text: str) -> str:
    """``text`` without what stands in it like a secret."""
    text = _KEY.sub(HIDDEN, text)
    text = _HEADER.sub(rf"\1\2{HIDDEN}", text)
    text = _BASIC.sub(_hidden_login, text)
    text = _BEARER.sub(rf"\1{HIDDEN}", text)
    text = _CURL.sub(rf"\1{HIDDEN}", text)
    text = _LOGIN.sub(rf"\1:{HIDDEN}", text)
    text = _IN_URL.sub(rf"\1{HIDDEN}@", text)
    text = _SAID.sub(rf"\1{HIDDEN}", text)
    text = _NAMED.sub(rf"\1{HIDDEN}", text)
    return _TOKEN.sub(_hidden_token, text)


def cut(text: str, begin: int, end: int) -> str:
    """``text`` with its middle left out where it is longer than ``begin`` and ``end``, in signs.

    What looks for secrets in it keeps the interpreter, and must not take long.
    """
    if len(text) <= begin + end:
        return text
    head, _, _ = text[:begin].rpartition(" ")  # no half of a secret
    _, _, tail = text[-end:].partition("\n")
    return f"{head}\n... {len(text) - len(head) - len(tail)} signs are left out ...\n{tail}".rstrip("\n")


def harmless(text: str) -> str:
    """``text`` with escapes for what is no visible sign, line feeds aside; tabs become spaces."""
    if text.isprintable():
        return text
    lines = text.replace("\t", "    ").split("\n")
    return "\n".join(line if line.isprintable() else "".join(map(_shown, line)) for line in lines)


def _shown(sign: str) -> str:
    return sign if sign.isprintable() else ascii(sign)[1:-1]


def hard_to_guess(value: str) -> bool:
    """Whether it gives nothing away that ``value`` is hidden: it is no words and numbers in a row, as people make them.

    Of random letters and digits in both cases that is said of half of those with 12 signs, and nearly all with 16.
    """
    turns = sum(_kind(one) != _kind(other) for one, other in pairwise(value))
    return len(value) >= _SHORTEST and turns >= _TURNS


def _kind(sign: str) -> str:
    return "A" if sign.isupper() else "a" if sign.isalpha() else "1" if sign.isdigit() else "-"


def _parts(value: str) -> list[str]:
    """What is secret of a URL by itself: all but its host."""
    place, slash, path = value.partition("://")[2].partition("/")
    return _PARTS.split(place.rpartition("@")[0] + slash + path)


def _forms(value: str) -> set[str]:
    """How ``value`` may stand in a line."""
    plain = value.encode("utf-8", "surrogatepass")
    quoted = {quote(plain, safe=""), quote(plain), quote_plus(plain)}
    small = {_ESCAPE.sub(lambda found: found[0].lower(), form) for form in quoted}
    forms = {value, harmless(value), *quoted, *small}
    return {*forms, json.dumps(value)[1:-1], json.dumps(value, ensure_ascii=False)[1:-1], repr(value)[1:-1]}


def _hidden_login(found: re.Match[str]) -> str:
    """Basic with name and secret; "basic settings" is neither."""
    try:
        given = base64.b64decode(found[2] + "=" * (-len(found[2]) % 4), altchars=b"-_" if "-" in found[2] else None)
    except (binascii.Error, ValueError):
        given = b""
    is_secret = b":" in given or found[2].endswith("=") or any(sign.isdigit() for sign in found[2])
    return found[1] + HIDDEN if is_secret else found[0]


def _hidden_token(found: re.Match[str]) -> str:
    has_both = found[0].lower() != found[0] != found[0].upper()
    return HIDDEN if has_both else found[0]
