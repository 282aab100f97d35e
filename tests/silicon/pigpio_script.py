"""pigpiod's stored scripts, as far as a charger needs them: their language, and a thread for each.

As in pigpio 79 (command.c: cmdParseScript; pigpio.c: pthScript, gpioStoreScript and the like): a script is refused to
run while it initialises, halts between two instructions, and a delete waits for that.
"""

import random
import re
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from tests.silicon.pigpio_errors import Error, RefusedError

INITIALISING, HALTED, RUNNING = 0, 1, 2
SCRIPTS = 32
PARAMETERS = 10
VARIABLES = 150
TAGS = 50
LONGEST_MILS = 60_000
LONGEST_MICS = 1_000_000

_NAMES = {"W": "WRITE", "M": "MODES", "R": "READ", "MG": "MODEG"}
_TO_DAEMON = {"WRITE": 2, "HP": 3, "READ": 1, "MODEG": 1, "MODES": 2, "MILS": 1, "MICS": 1, "GDC": 1, "TICK": 0}
_JUMPS = {"JMP": "always", "JZ": "zero", "JNZ": "not zero", "JM": "minus", "JP": "plus", "CALL": "always"}
_REGISTER_FIRST = {"DCR": 1, "INR": 1, "LD": 2, "STA": 1}
_VALUE = {"ADD": 1, "SUB": 1, "CMP": 1, "LDA": 1, "AND": 1, "OR": 1, "XOR": 1, "TAG": 1}
_NONE = {"HALT": 0, "NOP": 0, "DCRA": 0, "INRA": 0, "RET": 0}
_OPERANDS = _TO_DAEMON | dict.fromkeys(_JUMPS, 1) | _REGISTER_FIRST | _VALUE | _NONE


@dataclass(frozen=True)
class Operand:
    """A number, or what stands in variable v or parameter p."""

    kind: str  # "", v or p
    value: int


@dataclass(frozen=True)
class Instruction:
    """One step. A jump's operand is the step it goes to."""

    name: str
    operands: tuple[Operand, ...]


def parse(text: str) -> list[Instruction]:
    """The steps of a script. Raises RefusedError as cmdParseScript answers."""
    words = text.split()
    steps: list[Instruction] = []
    tags: dict[int, int] = {}
    position = 0
    while position < len(words):
        name = words[position].upper()
        name = _NAMES.get(name, name)
        count = _OPERANDS.get(name)
        if count is None or position + count >= len(words) + (count == 0):
            raise RefusedError(Error.BAD_SCRIPT_CMD)
        operands = tuple(_operand(word) for word in words[position + 1 : position + 1 + count])
        position += 1 + count
        _check(name, operands)
        if name == "TAG":
            if operands[0].value in tags:
                raise RefusedError(Error.DUP_TAG)
            if len(tags) == TAGS:
                raise RefusedError(Error.TOO_MANY_TAGS)
            tags[operands[0].value] = len(steps)
        else:
            steps.append(Instruction(name, operands))
    return [_resolved(step, tags) for step in steps]


def _operand(word: str) -> Operand:
    match = re.fullmatch(r"([vp]?)(-?(?:0[xX][0-9a-fA-F]+|\d+))", word)
    if match is None:
        raise RefusedError(Error.BAD_SCRIPT_CMD)
    kind, value = match[1], int(match[2], 0)
    if kind and not 0 <= value < (VARIABLES if kind == "v" else PARAMETERS):
        raise RefusedError(Error.BAD_SCRIPT_CMD)
    return Operand(kind, value)


def _check(name: str, operands: tuple[Operand, ...]) -> None:
    literal = name in _JUMPS or name == "TAG"
    if (literal and operands[0].kind) or (name in _REGISTER_FIRST and not operands[0].kind):
        raise RefusedError(Error.BAD_SCRIPT_CMD)
    if name in _TO_DAEMON and any(not operand.kind and operand.value < 0 for operand in operands):
        raise RefusedError(Error.BAD_SCRIPT_CMD)


def _resolved(step: Instruction, tags: dict[int, int]) -> Instruction:
    if step.name not in _JUMPS:
        return step
    if step.operands[0].value not in tags:
        raise RefusedError(Error.BAD_TAG)
    return Instruction(step.name, (Operand("", tags[step.operands[0].value]),))


class Script:
    """A stored script with its thread. ``do`` is the daemon's command table, which answers errors as numbers."""

    def __init__(self, steps: list[Instruction], do: Callable[[str, list[int]], int], initialising_s: float) -> None:
        self._steps, self._do = steps, do
        self.parameters = [0] * PARAMETERS
        self.state = INITIALISING
        self._variables = [0] * VARIABLES
        self._asked = threading.Condition()
        self._run = self._end = False
        self._due = 0.0
        self._thread = threading.Thread(target=self._live, args=(initialising_s,), daemon=True)
        self._thread.start()

    def run(self, parameters: list[int]) -> None:
        """Starts it; one that runs already only takes the parameters. Raises RefusedError while it initialises."""
        with self._asked:
            if self.state == INITIALISING:
                raise RefusedError(Error.SCRIPT_NOT_READY)
            self.update(parameters)
            self._run = True
            self._asked.notify()

    def update(self, parameters: list[int]) -> None:
        """The first parameters, at any time."""
        self.parameters[: len(parameters)] = parameters

    def stop(self) -> None:
        """It halts after its instruction."""
        self._run = False

    def delete(self) -> None:
        """Returns when it has ended."""
        with self._asked:
            self._run, self._end = False, True
            self._asked.notify()
        self._thread.join()

    def _live(self, initialising_s: float) -> None:
        time.sleep(initialising_s)
        while not self._end:
            with self._asked:
                self.state = HALTED
                while not (self._run or self._end):
                    self._asked.wait()
            self.state = RUNNING
            self._obey()
            self._run = False
        self.state = HALTED

    def _obey(self) -> None:
        step, accumulator, flags = 0, 0, 0
        calls: list[int] = []
        self._due = time.monotonic()
        while self._run and step < len(self._steps):
            name, operands = self._steps[step].name, self._steps[step].operands
            step += 1
            if name in _TO_DAEMON:
                accumulator = flags = self._command(name, [self._get(operand) for operand in operands])
            elif name in _JUMPS:
                if name == "CALL":
                    calls.append(step)
                if _taken(_JUMPS[name], flags):
                    step = operands[0].value
            elif name in _REGISTER_FIRST:
                flags = self._register(name, operands, accumulator, flags)
            elif name == "HALT":
                return
            elif name == "RET":
                step = calls.pop() if calls else len(self._steps)
            else:
                value = self._get(operands[0]) if operands else 1
                accumulator, flags = _calculate(name, value, accumulator, flags)

    def _command(self, name: str, values: list[int]) -> int:
        """Delays are the script's own: a long one does not hold up the daemon."""
        if name == "MILS":
            return Error.BAD_MILS_DELAY if values[0] > LONGEST_MILS else self._delay(values[0] / 1e3)
        if name == "MICS":
            return Error.BAD_MICS_DELAY if values[0] > LONGEST_MICS else self._delay(values[0] / 1e6)
        return self._do(name, values)

    def _delay(self, seconds: float) -> int:
        """As exact as the real one, which loses microseconds a tick: what Python loses is taken from the next delay."""
        now = time.monotonic()
        self._due = max(self._due + seconds, now) if now - self._due < 0.005 else now + seconds
        time.sleep(self._due - now)
        return 0

    def _register(self, name: str, operands: tuple[Operand, ...], accumulator: int, flags: int) -> int:
        first = operands[0]
        bank = self.parameters if first.kind == "p" else self._variables
        match name:
            case "DCR":
                bank[first.value] -= 1
                return bank[first.value]
            case "INR":
                bank[first.value] += 1
                return bank[first.value]
            case "LD":
                bank[first.value] = self._get(operands[1])
            case _:
                bank[first.value] = accumulator
        return flags

    def _get(self, operand: Operand) -> int:
        if not operand.kind:
            return operand.value
        return (self.parameters if operand.kind == "p" else self._variables)[operand.value]


def _taken(when: str, flags: int) -> bool:
    return {"always": True, "zero": flags == 0, "not zero": flags != 0, "minus": flags < 0, "plus": flags >= 0}[when]


def _calculate(name: str, value: int, accumulator: int, flags: int) -> tuple[int, int]:
    if name == "NOP":
        return accumulator, flags
    if name == "LDA":
        return value, flags
    if name == "CMP":
        return accumulator, accumulator - value
    result = {
        "ADD": accumulator + value,
        "INRA": accumulator + value,
        "SUB": accumulator - value,
        "DCRA": accumulator - value,
        "AND": accumulator & value,
        "OR": accumulator | value,
        "XOR": accumulator ^ value,
    }[name]
    return result, result


class Scripts:
    """The 32 places."""

    def __init__(self, do: Callable[[str, list[int]], int], dice: random.Random, initialising_ms: int | None) -> None:
        """``initialising_ms``: how long every script takes to be set up; None: a few, differently long."""
        self._do, self._dice, self._initialising_ms = do, dice, initialising_ms
        self._places: list[Script | None] = [None] * SCRIPTS
        self._storing = threading.Lock()

    def store(self, text: str) -> int:
        """The script's number."""
        with self._storing:
            if None not in self._places:
                raise RefusedError(Error.NO_SCRIPT_ROOM)
            place = self._places.index(None)
            ms = self._dice.uniform(0.0, 6.0) if self._initialising_ms is None else self._initialising_ms
            self._places[place] = Script(parse(text), self._do, ms / 1000)
        return place

    def get(self, number: int) -> Script:
        """Raises RefusedError when there is no such script."""
        script = self._places[number] if number < SCRIPTS else None
        if script is None:
            raise RefusedError(Error.BAD_SCRIPT_ID)
        return script

    def delete(self, number: int) -> None:
        """Returns when the script has ended."""
        self.get(number).delete()
        self._places[number] = None
