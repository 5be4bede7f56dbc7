# Copyright (c) 2026, the hypervisor.connect contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""WQL, the queries of WMI, as a tree: SELECT, ASSOCIATORS OF, REFERENCES OF.

Grammar: [MS-WMI] 2.2.1 and Microsoft's pages "WQL (SQL for WMI)", "LIKE Operator",
"ASSOCIATORS OF Statement", "REFERENCES OF Statement". Nothing here knows instances.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from hvsim.wmi.errors import InvalidObjectPath, InvalidQuery
from hvsim.wmi.values import ObjectPath

OPERATORS = {
    "=": "=",
    "<>": "<>",
    "!=": "<>",
    "<": "<",
    ">": ">",
    "<=": "<=",
    ">=": ">=",
}
_MIRRORED = {"<": ">", ">": "<", "<=": ">=", ">=": "<="}
MAX_DEPTH = 100
"""Parentheses and NOTs inside one another."""

Literal = str | int | float | bool | None


@dataclass(frozen=True)
class Comparison:
    """A property against a literal; the operator is one of OPERATORS' values."""

    property: str
    operator: str
    literal: Literal


@dataclass(frozen=True)
class Like:
    """A property against a pattern."""

    property: str
    pattern: str


@dataclass(frozen=True)
class IsNull:
    """A property that is null."""

    property: str


@dataclass(frozen=True)
class Isa:
    """An instance (__this) or an embedded object of a class or one derived from it."""

    property: str
    class_name: str


@dataclass(frozen=True)
class Not:
    """The contrary."""

    operand: Condition


@dataclass(frozen=True)
class And:
    """Both."""

    operands: tuple[Condition, ...]


@dataclass(frozen=True)
class Or:
    """One at least."""

    operands: tuple[Condition, ...]


Condition = Comparison | Like | IsNull | Isa | Not | And | Or


@dataclass(frozen=True)
class Select:
    """SELECT columns FROM class WHERE condition; no columns is every property."""

    class_name: str
    columns: tuple[str, ...] = ()
    condition: Condition | None = None


@dataclass(frozen=True)
class Related:
    """ASSOCIATORS OF or REFERENCES OF an object."""

    path: ObjectPath
    is_references: bool
    clauses: dict[str, str] = field(default_factory=dict)
    """By lower-case name: assocclass, resultclass, resultrole, role, ..."""

    @property
    def class_defs_only(self) -> bool:
        """Whether classes are wanted, not instances."""
        return "classdefsonly" in self.clauses

    @property
    def keys_only(self) -> bool:
        """Whether only keys are wanted."""
        return "keysonly" in self.clauses


Query = Select | Related

_TOKEN = re.compile(
    r"""\s*(?:
      (?P<number>[-+]?(?:0[xX][0-9a-fA-F]+|\d+\.\d*(?:[eE][-+]?\d+)?|\d+))(?![\w.])
    | (?P<word>[A-Za-z_][A-Za-z0-9_.]*)
    | (?P<operator><>|!=|<=|>=|=|<|>)
    | (?P<mark>[(),*])
    | (?P<quote>["'])
    | (?P<brace>\{)
    )""",
    re.VERBOSE,
)


class Token(NamedTuple):
    """A word, number, string, operator, mark or {path} of a query."""

    kind: str
    text: str

    def is_word(self, word: str) -> bool:
        """Whether it is that keyword."""
        return self.kind == "word" and self.text.lower() == word


END = Token("end", "")


def tokens(text: str) -> Iterator[Token]:
    """The tokens of a query. Raises InvalidQuery."""
    position, end = 0, len(text.rstrip())
    while position < end:
        match = _TOKEN.match(text, position)
        if match is None:
            raise InvalidQuery(f"Unexpected character at {position + 1}.")
        position = match.end()
        kind = match.lastgroup or ""
        if kind == "quote":
            value, position = _string(text, position, match["quote"])
            yield Token("string", value)
        elif kind == "brace":
            value, position = _path_text(text, position)
            yield Token("path", value)
        else:
            yield Token(kind, match[kind])


def _string(text: str, position: int, quote: str) -> tuple[str, int]:
    """A quoted string: a backslash stands before a quote or a backslash, only there."""
    characters: list[str] = []
    while position < len(text):
        character = text[position]
        position += 1
        if character == quote:
            return "".join(characters), position
        if character == "\\":
            character = text[position : position + 1]
            position += 1
            if not character or character not in "\\\"'":
                raise InvalidQuery("A backslash in a string must be doubled.")
        characters.append(character)
    raise InvalidQuery("A string has no end.")


def _path_text(text: str, position: int) -> tuple[str, int]:
    quote, start = "", position
    while position < len(text):
        character = text[position]
        if quote:
            if character == "\\":
                position += 1
            elif character == quote:
                quote = ""
        elif character in "\"'":
            quote = character
        elif character == "}":
            return text[start:position].strip(), position + 1
        position += 1
    raise InvalidQuery("An object path has no end.")


class Parser:
    """Reads one query, token by token."""

    def __init__(self, text: str, namespace: str) -> None:
        self._tokens = list(tokens(text))
        self._position = 0
        self._depth = 0
        self._namespace = namespace

    def query(self) -> Query:
        """The whole query. Raises InvalidQuery."""
        word = self._word().lower()
        result: Query
        if word == "select":
            result = self._select()
        elif word in ("associators", "references"):
            result = self._related(word == "references")
        else:
            raise InvalidQuery(f"{word} begins no query.")
        if self._peek() != END:
            raise InvalidQuery(f"Unexpected {self._peek().text}.")
        return result

    def _peek(self) -> Token:
        return (
            self._tokens[self._position] if self._position < len(self._tokens) else END
        )

    def _next(self) -> Token:
        token = self._peek()
        self._position += 1
        return token

    def _accept(self, word: str) -> bool:
        if self._peek().is_word(word):
            self._position += 1
            return True
        return False

    def _accept_mark(self, mark: str) -> bool:
        if self._peek() == Token("mark", mark):
            self._position += 1
            return True
        return False

    def _word(self) -> str:
        token = self._next()
        if token.kind != "word":
            raise InvalidQuery(f"A word was expected, not {token.text or 'the end'}.")
        return token.text

    def _expect(self, word: str) -> None:
        if not self._accept(word):
            raise InvalidQuery(f"{word.upper()} was expected.")

    def _select(self) -> Select:
        columns: list[str] = []
        if not self._accept_mark("*"):
            columns.append(self._word())
            while self._accept_mark(","):
                columns.append(self._word())
        self._expect("from")
        class_name = self._word()
        condition = self._or() if self._accept("where") else None
        return Select(class_name, tuple(columns), condition)

    def _or(self) -> Condition:
        operands = [self._and()]
        while self._accept("or"):
            operands.append(self._and())
        return operands[0] if len(operands) == 1 else Or(tuple(operands))

    def _and(self) -> Condition:
        operands = [self._not()]
        while self._accept("and"):
            operands.append(self._not())
        return operands[0] if len(operands) == 1 else And(tuple(operands))

    def _not(self) -> Condition:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise InvalidQuery("It is too complex.")
        try:
            if self._accept("not"):
                return Not(self._not())
            if self._accept_mark("("):
                inner = self._or()
                if not self._accept_mark(")"):
                    raise InvalidQuery("A parenthesis is not closed.")
                return inner
            return self._comparison()
        finally:
            self._depth -= 1

    def _comparison(self) -> Condition:
        token = self._peek()
        if token.kind in ("string", "number") or self._is_constant(token):
            return self._mirrored()
        name = self._word()
        if self._accept("is"):
            negated = self._accept("not")
            self._expect("null")
            return Not(IsNull(name)) if negated else IsNull(name)
        if self._accept("isa"):
            return Isa(name, self._string_or_word())
        if self._accept("not"):
            self._expect("like")
            return Not(Like(name, self._pattern()))
        if self._accept("like"):
            return Like(name, self._pattern())
        return Comparison(name, self._operator(), self._literal())

    def _mirrored(self) -> Comparison:
        literal, operator = self._literal(), self._operator()
        return Comparison(self._word(), _MIRRORED.get(operator, operator), literal)

    def _operator(self) -> str:
        token = self._next()
        if token.kind != "operator":
            raise InvalidQuery(
                f"An operator was expected, not {token.text or 'the end'}."
            )
        return OPERATORS[token.text]

    def _pattern(self) -> str:
        token = self._next()
        if token.kind != "string":
            raise InvalidQuery("LIKE needs a string.")
        like_pattern(token.text)
        return token.text

    def _string_or_word(self) -> str:
        token = self._next()
        if token.kind not in ("string", "word"):
            raise InvalidQuery("ISA needs the name of a class.")
        return token.text

    @staticmethod
    def _is_constant(token: Token) -> bool:
        return token.kind == "word" and token.text.lower() in ("true", "false", "null")

    def _literal(self) -> Literal:
        token = self._next()
        if token.kind == "string":
            return token.text
        if token.kind == "number":
            return _number(token.text)
        if self._is_constant(token):
            return {"true": True, "false": False, "null": None}[token.text.lower()]
        raise InvalidQuery(f"A constant was expected, not {token.text or 'the end'}.")

    def _related(self, is_references: bool) -> Related:
        self._expect("of")
        token = self._next()
        if token.kind != "path":
            raise InvalidQuery("OF needs an object path in braces.")
        try:
            path = ObjectPath.parse(token.text, self._namespace)
        except InvalidObjectPath:
            raise InvalidQuery("The object path is not valid.") from None
        clauses: dict[str, str] = {}
        if self._accept("where"):
            while self._peek() != END:
                name, value = self._clause(is_references)
                if name in clauses:
                    raise InvalidQuery(f"{name} is given twice.")
                clauses[name] = value
            if not clauses:
                raise InvalidQuery("WHERE is empty.")
        return Related(path, is_references, clauses)

    def _clause(self, is_references: bool) -> tuple[str, str]:
        name = self._word().lower()
        if name in ("classdefsonly", "keysonly"):
            return name, ""
        allowed = {"resultclass", "role", "requiredqualifier"}
        if not is_references:
            allowed |= {"assocclass", "resultrole", "requiredassocqualifier"}
        if name not in allowed or self._next() != Token("operator", "="):
            raise InvalidQuery(f"{name} is not understood.")
        return name, self._word()


def _number(text: str) -> int | float:
    if "x" in text.lower():
        return int(text, 16)
    return float(text) if "." in text else int(text)


def parse(text: str, namespace: str = "") -> Query:
    """Read a query.

    Args:
        text: The query.
        namespace: Of object paths in it that have none.

    Raises:
        InvalidQuery: It isn't one that WQL knows.
    """
    return Parser(text, namespace).query()


def like_pattern(pattern: str) -> re.Pattern[str]:
    """A LIKE pattern as a regular expression.

    % is any text, _ any character, [a-f] and [abc] one of those, [^a-f] none of those;
    [%] and [_] stand for themselves. Case does not count.

    Raises:
        InvalidQuery: A bracket has no end, or a range no order.
    """
    parts, position = [], 0
    while position < len(pattern):
        character = pattern[position]
        position += 1
        if character == "%":
            parts.append(".*")
        elif character == "_":
            parts.append(".")
        elif character == "[":
            end = pattern.find("]", position + 1)
            if end < 0:
                raise InvalidQuery("A bracket is not closed.")
            parts.append(_set(pattern[position:end]))
            position = end + 1
        else:
            parts.append(re.escape(character))
    return re.compile("".join(parts), re.IGNORECASE | re.DOTALL)


def _set(text: str) -> str:
    negation, text = (
        ("^", text[1:]) if text.startswith("^") and text[1:] else ("", text)
    )
    parts, position = [], 0
    while position < len(text):
        if text[position + 1 : position + 2] in ("-", "=") and text[position + 2 :]:
            low, high = text[position], text[position + 2]
            if low > high:
                raise InvalidQuery("A range is in the wrong order.")
            parts.append(f"{re.escape(low)}-{re.escape(high)}")
            position += 3
        else:
            parts.append(re.escape(text[position]))
            position += 1
    return f"[{negation}{''.join(parts)}]"
