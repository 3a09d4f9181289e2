"""From what a person types to a tree, admitting nothing but arithmetic: no text is ever evaluated."""

import ast
import math
import re
from collections.abc import Sequence

from sgd_core.calculus.complexity_bound import column_of_too_large
from sgd_core.calculus.tree import CONSTANTS, FUNCTIONS, OPERATORS, Node, Number

MAX_LENGTH = 200
MAX_DEPTH = 40
MAX_NODES = 160
MAX_NUMBER = 1e15
MAX_EXPONENT = 1000

_SIGNS = {ast.Add: "add", ast.Sub: "subtract", ast.Mult: "multiply", ast.Div: "divide", ast.Pow: "power"}
_ALLOWED = re.compile(r"[A-Za-z0-9_.+\-*/() ]")
_ADVICE = {
    "^": "write `**` for a power, as in `x**2`",
    "²": "write `**2` for a square, as in `x**2`",
    "³": "write `**3` for a cube, as in `x**3`",
    "×": "write `*` to multiply",
    "·": "write `*` to multiply",
    "÷": "write `/` to divide",
    "−": "write the plain minus sign `-`",
    "–": "write the plain minus sign `-`",
    "π": "write `pi`",
    "√": "write `sqrt(x)`",
    "|": "write `abs(x)` for the absolute value",
    "=": "write only what stands to the right of it",
    ",": "write decimals with a point and give each function one value",
    "[": "use round parentheses",
    "]": "use round parentheses",
    "{": "use round parentheses",
    "}": "use round parentheses",
}
_OTHER_NAMES = {
    "ln": "log(x)",
    "lg": "log(x)/log(10)",
    "log10": "log(x)/log(10)",
    "log2": "log(x)/log(2)",
    "tg": "tan(x)",
    "root": "sqrt(x)",
    "pow": "x**2",
    "max": "relu(x)",
}
_NUMBER = r"(?<![\w.])(?>(?:\d[\d_]*\.?[\d_]*|\.\d[\d_]*)(?:[eE][+-]?\d+)?)"
_NO_SIGN_BETWEEN = re.compile(
    rf"(?P<left>{_NUMBER}) *(?P<right>[A-Za-z_]\w*|\()"  # 2x, 2(x + 1)
    r"|(?P<close>\)) *(?P<after>[\w.]+|\()"  # (x + 1)(x - 1), (x + 1)2
    r"|(?P<name>[A-Za-z_]\w*) +(?P<next>[\w.]+)"  # sin x, x x
)


class FormulaError(ValueError):
    """A formula that cannot be used; the message says what is wrong, where, and what to write instead.

    `position` is the 0-based column in the text as typed, or None where no single place is to blame.
    """

    def __init__(self, message: str, position: int | None = None) -> None:
        """Prefix the message with its place, counted from 1 as people do."""
        self.position = position
        super().__init__(message if position is None else f"At character {position + 1}: {message}")


def parse(text: str, variables: Sequence[str]) -> Node:
    """Return the tree of a formula in `variables`; raise FormulaError on anything that is not plain arithmetic."""
    if not isinstance(text, str):
        raise FormulaError("A formula is a text, such as `x**2`.")
    formula = text.strip()
    if not formula:
        raise FormulaError(f"The formula is empty; write one, such as `{variables[0]}**2`.")
    if len(formula) > MAX_LENGTH:
        raise FormulaError(f"The formula has {len(formula):,} characters; shorten it to at most {MAX_LENGTH}.")
    try:
        return _Reader(formula, variables).read()
    except _Wrong as wrong:
        place = None if wrong.column is None else wrong.column + len(text) - len(text.lstrip())
        raise FormulaError(wrong.sentence, place) from None


class _Wrong(Exception):  # noqa: N818  (turned into a FormulaError once the place in the typed text is known)
    def __init__(self, sentence: str, column: int | None) -> None:
        self.sentence, self.column = sentence, column


class _Reader:
    def __init__(self, formula: str, variables: Sequence[str]) -> None:
        self.formula = formula.replace("\t", " ").replace("\xa0", " ")
        self.variables = tuple(variables)
        self.count = 0

    def read(self) -> Node:
        self.check_characters()
        self.check_parentheses()
        self.check_signs()
        tree = self.node(self.syntax(), 0)
        culprit = column_of_too_large(tree)
        if culprit is not None:
            raise _Wrong("the powers here make numbers that are too large; use smaller exponents.", culprit)
        return tree

    def check_characters(self) -> None:
        for column, character in enumerate(self.formula):
            if not _ALLOWED.match(character):
                advice = _ADVICE.get(character, f"use only numbers, {self.known()}, `+ - * / **` and parentheses")
                shown = character if character.isprintable() and not character.isspace() else "this invisible sign"
                raise _Wrong(f"{shown} has no meaning in a formula; {advice}.", column)

    def check_parentheses(self) -> None:
        open_at: list[int] = []
        for column, character in enumerate(self.formula):
            if character == "(":
                open_at.append(column)
                if len(open_at) > MAX_DEPTH:
                    raise _Wrong(f"the parentheses are nested more than {MAX_DEPTH} deep; simplify.", column)
            elif character == ")":
                if not open_at:
                    raise _Wrong("this ) closes nothing; remove it or open a ( before it.", column)
                open_at.pop()
        if open_at:
            raise _Wrong("this ( is never closed; add a ) after it.", open_at[-1])

    def check_signs(self) -> None:
        found = _NO_SIGN_BETWEEN.search(self.formula)
        if not found:
            return
        left = found["left"] or found["close"] or found["name"]
        right = found["right"] or found["after"] or found["next"]
        if left in FUNCTIONS:
            raise _Wrong(f"{left} needs parentheses; write `{left}({right})`.", found.start())
        raise _Wrong(
            f"a sign is missing between {left} and {right}; write `{left}*{right}` to multiply.", found.start()
        )

    def syntax(self) -> ast.expr:
        try:
            return ast.parse(self.formula, mode="eval").body
        except SyntaxError as error:
            if self.formula.rstrip()[-1] in "+-*/":
                end = len(self.formula.rstrip()) - 1
                raise _Wrong("the formula ends with a sign; write a number or a name after it.", end) from None
            column = min(max((error.offset or 1) - 1, 0), len(self.formula) - 1)
            raise _Wrong("this cannot be read; look for a missing number or a doubled sign.", column) from None
        except (ValueError, RecursionError, MemoryError):
            raise _Wrong("the formula cannot be read; simplify it.", None) from None

    def node(self, node: ast.expr, depth: int) -> Node:
        column = node.col_offset
        self.count += 1
        if depth > MAX_DEPTH or self.count > MAX_NODES:
            raise _Wrong("the formula has too many parts; simplify it.", column)
        match node:
            case ast.Constant(value=value):
                return self.number(value, column)
            case ast.Name(id=name):
                return self.name(name, column)
            case ast.UnaryOp(op=ast.UAdd(), operand=operand):
                return self.node(operand, depth + 1)
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                inner = self.node(operand, depth + 1)
                return Node("negative", (inner,), column, value=None if inner.value is None else -inner.value)
            case ast.BinOp(left=left, op=sign, right=right) if type(sign) in _SIGNS:
                return self.operation(_SIGNS[type(sign)], self.node(left, depth + 1), self.node(right, depth + 1))
            case ast.Call(func=ast.Name(id=name), args=arguments, keywords=keywords):
                return self.call(name, arguments, bool(keywords), column, depth)
            case ast.BinOp(op=ast.FloorDiv()):
                raise _Wrong("`//` is not used here; write `/` to divide.", column)
            case ast.Attribute(value=inner) | ast.Call(func=ast.Attribute(value=inner)):
                raise _Wrong("a point may only stand inside a number; remove what follows it.", inner.end_col_offset)
        raise _Wrong(
            f"only numbers, {self.known()}, `+ - * / **` and parentheses are understood; rewrite this.", column
        )

    def number(self, value: object, column: int) -> Node:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise _Wrong("only plain decimal numbers are understood; write one, such as 0.5.", column)
        return self.checked(Node("number", (), column, value=value))

    def name(self, name: str, column: int) -> Node:
        if name in self.variables:
            return Node("variable", (), column, name)
        if name in CONSTANTS:
            return Node("constant", (), column, name, CONSTANTS[name])
        if name in FUNCTIONS:
            raise _Wrong(f"{name} needs parentheses; write `{name}({self.variables[0]})`.", column)
        raise _Wrong(f"the name {name[:30]} is unknown; use {self.known()}.", column)

    def call(self, name: str, arguments: list[ast.expr], keywords: bool, column: int, depth: int) -> Node:
        if name in self.variables or name in CONSTANTS:
            raise _Wrong(f"{name} is no function; write `{name}*(...)` to multiply.", column)
        if name in _OTHER_NAMES:
            raise _Wrong(f"{name} goes by another name here; write `{_OTHER_NAMES[name]}`.", column)
        if name not in FUNCTIONS:
            raise _Wrong(f"the function {name[:30]} is unknown; use {self.known()}.", column)
        if keywords or len(arguments) != 1 or isinstance(arguments[0], ast.Starred):
            raise _Wrong(f"{name} takes exactly one value; write `{name}({self.variables[0]})`.", column)
        inner = self.node(arguments[0], depth + 1)
        if inner.value is None:
            return Node(name, (inner,), column)
        try:
            value = FUNCTIONS[name].on_number(inner.value)
        except ValueError:
            raise _Wrong(f"{name} has no value at {inner.value:g}; change what stands inside it.", column) from None
        except OverflowError:
            raise _Wrong(f"{name} of {inner.value:g} is too large a number; use a smaller one.", column) from None
        return self.checked(Node(name, (inner,), column, value=value))

    def operation(self, op: str, left: Node, right: Node) -> Node:
        if op == "power" and right.value is not None and abs(right.value) > MAX_EXPONENT:
            raise _Wrong(
                f"the exponent is too large; keep it between -{MAX_EXPONENT} and {MAX_EXPONENT}.", right.column
            )
        if op == "divide" and right.value == 0:
            raise _Wrong("this divides by zero; change the divisor.", left.column)
        if left.value is None or right.value is None:
            return Node(op, (left, right), left.column)
        try:
            if op == "power":
                float(left.value) ** float(right.value)  # overflows at once, where whole numbers would grow for ages
            value = OPERATORS[op].compute(left.value, right.value)
        except ZeroDivisionError:
            raise _Wrong("this divides by zero; change the divisor.", left.column) from None
        except OverflowError:
            raise _Wrong("this number is too large; use smaller ones.", left.column) from None
        return self.checked(Node(op, (left, right), left.column, value=value))

    def checked(self, node: Node) -> Node:
        value: Number | complex | None = node.value
        if isinstance(value, complex):
            raise _Wrong("this root of a negative number is no real number; change the base.", node.column)
        if value is None or math.isnan(value) or abs(value) > MAX_NUMBER:
            raise _Wrong(f"this number is too large; keep numbers below {MAX_NUMBER:g}.", node.column)
        return node

    def known(self) -> str:
        return ", ".join([*self.variables, *CONSTANTS, *FUNCTIONS])
