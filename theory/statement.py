"""Statements as data: what a numbered result claims, apart from how evidence for it is gathered.

A statement names its hypotheses, both sides of its conclusion as formulas in any arithmetic, its constants, where its
instances come from, the statements it rests on, and its false neighbours (mutants). Nothing here evaluates anything.
Longer than most files: it is the whole vocabulary a statement is written in, one class a kind.
"""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from fractions import Fraction
from types import SimpleNamespace
from typing import Any, Protocol, Self, TypeVar

from numerics.arithmetic import Arithmetic, Number
from numerics.comparison import Relation
from theory.errors import InputError as InputError
from theory.study import Reading, Study

T = TypeVar("T")


class Draw(Protocol):
    """The source of the numbers an instance is built from: a search steers it, replays it and perturbs it."""

    def integer(self, low: int, high: int) -> int:
        """Draw an integer between ``low`` and ``high``, both included."""

    def real(self, low: float, high: float) -> float:
        """Draw a real number, uniform on [low, high]."""

    def positive(self, low: float, high: float) -> float:
        """Draw a positive number, log-uniform on [low, high]."""

    def choice(self, options: Sequence[T]) -> T:
        """Draw one of ``options``."""


LARGEST_EXPONENT = 4000
"""Of ten, in numbers that are read: they are exact, and Python writes integers of up to 4300 digits."""


def exact(value: Any) -> Fraction:
    """Read one number exactly: an integer, a fraction, a decimal string, or a float at its binary value.

    Parameters
    ----------
    value
        The number.

    Returns
    -------
    Fraction
        The same number.

    Raises
    ------
    InputError
        If it is not a finite number, or written with an exponent beyond :data:`LARGEST_EXPONENT`.
    """
    shown = shorten(repr(value))
    if isinstance(value, str) and _exponent(value) > LARGEST_EXPONENT:
        raise InputError(f"{shown} is out of range: powers of ten up to {LARGEST_EXPONENT} and down to its negative are read")
    try:
        number = None if isinstance(value, bool) else Fraction(value)
    except (ValueError, TypeError, ZeroDivisionError, OverflowError):
        number = None
    if number is None:
        raise InputError(f"{shown} is not a finite number (write 3, 0.1 or 1/10)")
    return number


def shorten(text: str, most: int = 80) -> str:
    """Return a text that fits a line, its end left out if it is longer."""
    return text if len(text) <= most else f"{text[: most - 3]}..."


def _exponent(text: str) -> int:
    """Return the size of the exponent of a decimal, 0 for what has none; its value would take as many digits."""
    found = re.search(r"e[-+]?([\d_]+)\s*$", text, re.IGNORECASE)
    # Python converts no more than 4300 digits.
    return 0 if found is None else int(found[1].replace("_", "")[:4000] or 0)


@dataclass(frozen=True, kw_only=True)
class Instance:
    """The exact data of one instance. Subclasses add fields annotated ``Number`` (exact), ``Numbers`` (tuple) or ``int``."""

    def lift(self, arithmetic: Arithmetic) -> Self:
        """Return the same instance with its exact data turned into numbers of ``arithmetic``."""
        changes: dict[str, Any] = {}
        for item in dataclasses.fields(self):
            value = getattr(self, item.name)
            if isinstance(value, Fraction):
                changes[item.name] = arithmetic.number(value)
            elif isinstance(value, tuple):
                changes[item.name] = arithmetic.array(value)
        return dataclasses.replace(self, **changes)

    @classmethod
    def extending(cls, base: Instance, **more: Any) -> Self:
        """Return the instance that has the data of another one and ``more``."""
        return cls(**{item.name: getattr(base, item.name) for item in dataclasses.fields(base)}, **more)

    def data(self) -> dict[str, Any]:
        """Return the exact data as JSON values; fractions are strings such as ``"1/3"``."""

        def plain(value: Any) -> Any:
            if isinstance(value, tuple):
                return [plain(entry) for entry in value]
            if isinstance(value, Fraction):
                return value.numerator if value.denominator == 1 else str(value)
            return value

        return {item.name: plain(getattr(self, item.name)) for item in dataclasses.fields(self)}

    @classmethod
    def parse(cls, data: Mapping[str, Any]) -> Self:
        """Read an instance from JSON values.

        Parameters
        ----------
        data
            Field names to numbers, lists of numbers, or strings such as ``"1/3"``.

        Returns
        -------
        Self
            The instance.

        Raises
        ------
        InputError
            If a field is missing, unknown or not a number.
        """
        known = {item.name: item for item in dataclasses.fields(cls)}
        for name in data:
            if name not in known:
                raise InputError(f"unknown field {name!r}: this statement takes {', '.join(known)}")
        values: dict[str, Any] = {}
        for name, item in known.items():
            if name not in data:
                if item.default is dataclasses.MISSING:
                    raise InputError(f"missing field {name!r}: this statement takes {', '.join(known)}")
                continue
            values[name] = _parse_field(name, _annotated(item.type), data[name])
        return cls(**values)

    def neighbours(self) -> Iterator[Self]:
        """Yield simpler instances that change several fields at once, for shrinking; none by default.

        Yields
        ------
        Self
            A neighbour.
        """
        yield from ()

    def __str__(self) -> str:
        """Return the data as one line of JSON."""
        return json.dumps(self.data())


def _field(name: str, value: Any) -> Fraction:
    try:
        return exact(value)
    except InputError as error:
        raise InputError(f"field {name!r}: {error}") from None


def _annotated(annotation: Any) -> str:
    """Return what a field holds; its annotation is a text where the module postpones annotations."""
    text = annotation if isinstance(annotation, str) else getattr(annotation, "__name__", str(annotation))
    several = "Numbers" in (*getattr(annotation, "__metadata__", ()), text.rpartition(".")[2]) or text.startswith("tuple")
    return "Numbers" if several else text


def _parse_field(name: str, annotation: str, value: Any) -> Any:
    if annotation == "Numbers":
        if not isinstance(value, list | tuple):
            raise InputError(f"field {name!r} takes a list of numbers, not {shorten(repr(value))}")
        return tuple(_field(name, entry) for entry in value)
    if isinstance(value, list | tuple | dict):
        lists = "" if isinstance(value, dict) else " (a field annotated Numbers takes a list)"
        raise InputError(f"field {name!r} takes one number, not {shorten(repr(value))}{lists}")
    number = _field(name, value)
    if annotation == "int":
        if number.denominator != 1:
            raise InputError(f"field {name!r} takes an integer, not {value!r}")
        return int(number)
    return number


@dataclass(frozen=True, kw_only=True)
class Hypothesis:
    """One hypothesis of a statement.

    Parameters
    ----------
    name
        A short name; ``instances`` learns from it which hypotheses are in force.
    says
        The hypothesis in words and formula.
    holds
        Maps a lifted instance to ``(left, relation, right)``, or to a list of such triples that must all hold.
    standing
        Whether it belongs to the paper's setting (then it is never dropped).
    """

    name: str
    says: str
    holds: Callable[[Any], Any]
    standing: bool = False


@dataclass(frozen=True, kw_only=True)
class Hidden:
    """A hypothesis that the printed proof uses and the printed statement omits.

    Parameters
    ----------
    says
        The hypothesis.
    where
        The place in the proof that uses it.
    finding
        What becomes of the statement without it.
    """

    says: str
    where: str
    finding: str


@dataclass(frozen=True, kw_only=True)
class Mutant:
    """A false neighbour of a statement, which the check must refute with the same budget.

    Parameters
    ----------
    name
        What was changed.
    change
        Maps the statement to its neighbour. ``past_the_slack`` mutants also receive the tightest ratio measured.
    drops
        The hypothesis dropped, if that is the change: a survivor is then a finding, not a failure of the check.
    tries
        Exact data of instances tried before the search, where a refutation is known and hard to meet by chance.
    if_survives
        For a neighbour that may well be true, what its survival says: it is then a finding, not a failure of the check.
    """

    name: str
    change: Callable[[Any, float], Any]
    drops: str | None = None
    tries: tuple[Mapping[str, Any], ...] = ()
    if_survives: str | None = None


class Fault(Enum):
    """How much is wrong where a statement is false as printed."""

    RESULT = "false as printed"
    ARGUMENT = "a step that does not follow"
    SLIP = "a slip of the pen or loose wording"


@dataclass(frozen=True, kw_only=True)
class Erratum:
    """What is wrong with a statement as printed, and what holds instead.

    Parameters
    ----------
    wrong
        What is wrong, in one sentence.
    line
        The line of the proof that is wrong, or why the printed text cannot be meant.
    counterexample
        The exact data of the smallest counterexample known, as :meth:`Instance.parse` reads it.
    repaired
        The id of the repaired statement, which has evidence of its own.
    confirm
        A few lines of Python without this program that print ``left`` and ``right``, each with its value at the
        counterexample. The papers' own are files: see :mod:`theory.confirmations`.
    fault
        How much is wrong; where it is not given, a step of a proof is an argument and all else a result.
    """

    wrong: str
    line: str
    counterexample: Mapping[str, Any]
    repaired: str
    confirm: str = ""
    fault: Fault | None = None


@dataclass(frozen=True, kw_only=True)
class ProofStep:
    """One finite part of a proof that the program checks.

    Parameters
    ----------
    says
        What the step establishes.
    check
        Returns the truth of the step with a one-line account of how it was established.
    """

    says: str
    check: Callable[[], tuple[Any, str]]


@dataclass(frozen=True, kw_only=True)
class Proof:
    """A proof for all parameters in a stated set.

    Parameters
    ----------
    set
        The set of parameters, printed with the evidence.
    argument
        The argument in words; empty when the steps are the whole proof.
    steps
        The parts that the program checks.
    """

    set: str
    argument: str
    steps: tuple[ProofStep, ...]


@dataclass(frozen=True, kw_only=True)
class Climb:
    """How a search climbs towards a violation by gradients, where local ascent in the drawn numbers gets stuck.

    Parameters
    ----------
    vector
        Maps exact data to the numbers that may move and their bounds, shapes ``(k,)`` and ``(k, 2)``.
    rebuild
        Maps exact data, a vector and a number of digits (``None`` for binary values) to the exact data it stands for.
    start
        Draws where a climb starts.
    family
        Names the parametrisation that exact data belongs to: climbs are shared among them, since one may get stuck where
        another does not.
    """

    vector: Callable[[Any], tuple[Any, Any]]
    rebuild: Callable[[Any, Any, int | None], Any]
    start: Callable[[Draw], Any]
    family: Callable[[Any], str] = lambda _instance: "one parametrisation"


@dataclass(frozen=True, kw_only=True)
class Statement:
    """What every kind of statement carries.

    Parameters
    ----------
    id
        ``paper.kind-N[.part-a][.reading-b][.step-k]``.
    title
        A few words.
    says
        In our words: hypotheses, conclusion, constants, whether and where it is tight, our reading of ambiguities.
    formula
        The claim in LaTeX.
    source
        Paper, statement number and page.
    instance
        The class of its instances.
    instances
        Builds an instance from draws, given the names of the hypotheses in force, so that they hold by construction.
    hypotheses
        Standing setting and printed hypotheses.
    hidden
        Hypotheses that the proof uses and the statement omits.
    uses
        Ids of the statements its proof rests on.
    mutants
        Its false neighbours.
    gallery
        Exact data of instances that are always certified, besides those that the search brings.
    proof
        A proof, when there is one.
    erratum
        Present when the statement is false as printed.
    instruments
        Names of the numerical instruments that must be calibrated before a verdict rests on them.
    ours
        Whether this is our statement (a repair or a sharpening) and not the paper's.
    contradicts
        A sentence of the paper, with its place, that is false if this holds and that no instance refutes: that something
        can happen, or exists.
    cost
        Rough cost of one evaluation relative to a cheap formula; the search divides its budget by it.
    climb
        How the search climbs by gradients, if it does.
    """

    id: str
    title: str
    says: str
    formula: str
    source: str
    instance: type[Instance]
    instances: Callable[[Draw, frozenset[str]], Any]
    hypotheses: tuple[Hypothesis, ...] = ()
    hidden: tuple[Hidden, ...] = ()
    uses: tuple[str, ...] = ()
    mutants: tuple[Mutant, ...] = ()
    gallery: tuple[Mapping[str, Any], ...] = ()
    proof: Proof | None = None
    erratum: Erratum | None = None
    instruments: tuple[str, ...] = ()
    ours: bool = False
    contradicts: str = ""
    cost: int = 1
    climb: Climb | None = None

    @property
    def paper(self) -> str:
        """Return the key of the paper: the part of the id before its first dot."""
        return self.id.split(".", 1)[0]

    @property
    def kind(self) -> str:
        """Return the kind of claim in words."""
        return type(self).__name__.lower()

    @property
    def is_step(self) -> bool:
        """Return whether this is a step of a proof and no result of its own."""
        return ".step-" in self.id

    @property
    def in_force(self) -> frozenset[str]:
        """Return the names of the hypotheses in force."""
        return frozenset(hypothesis.name for hypothesis in self.hypotheses)

    def drawn(self, draw: Draw) -> Any:
        """Build an instance from draws under the hypotheses in force.

        Parameters
        ----------
        draw
            Where the numbers come from.

        Returns
        -------
        Instance
            The instance.

        Raises
        ------
        InputError
            If ``instances`` gives anything else, or data that is not exact.
        """
        found = self.instances(draw, self.in_force)
        if not isinstance(found, Instance):
            raise InputError(f"instances gave {shorten(repr(found))}, which is no {self.instance.__name__}")
        for item in dataclasses.fields(found):
            value = getattr(found, item.name)
            for entry in value if isinstance(value, tuple) else (value,):
                if isinstance(entry, float | list):
                    rule = f"data is exact: {self.instance.__name__}.parse reads decimals, fractions and lists of them"
                    raise InputError(f"instances gave {shorten(repr(entry))} for {item.name!r}: {rule}")
        return found


class _Constants(SimpleNamespace):
    """Constants as attributes."""

    def __getattr__(self, name: str) -> Any:
        known = ", ".join(vars(self)) or "none"
        raise AttributeError(f"a formula asks for the constant {name!r}, and constants declares {known}")


@dataclass(frozen=True, kw_only=True)
class Inequality(Statement):
    """A claim that ``left`` is related to ``right`` at every instance that satisfies the hypotheses.

    Parameters
    ----------
    left
        Maps a lifted instance to the left side: a scalar, or an array whose every entry is claimed.
    relation
        A symbol of :class:`numerics.comparison.Relation`.
    right
        Maps a lifted instance and the constants to the right side.
    constants
        Named exact constants of the right side.
    """

    left: Callable[[Any], Number]
    relation: str
    right: Callable[[Any, Any], Number]
    constants: Mapping[str, Fraction] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Reject a relation that does not exist."""
        Relation(self.relation)

    def lift_constants(self, arithmetic: Arithmetic) -> SimpleNamespace:
        """Return the constants as numbers of ``arithmetic``, reachable as attributes."""
        return _Constants(**{name: arithmetic.number(value) for name, value in self.constants.items()})


@dataclass(frozen=True, kw_only=True)
class Identity(Inequality):
    """A claim that both sides are equal at every instance; ``relation`` is ``==``."""

    relation: str = "=="


@dataclass(frozen=True, kw_only=True)
class Equivalence(Statement):
    """A claim that two conditions hold at exactly the same instances.

    Parameters
    ----------
    first, second
        Map a lifted instance to ``(left, relation, right)``.
    """

    first: Callable[[Any], tuple[Number, str, Number]]
    second: Callable[[Any], tuple[Number, str, Number]]


@dataclass(frozen=True, kw_only=True)
class Limit(Statement):
    """A claim that ``quantity`` tends to ``limit`` as a scale grows, with a rate.

    Parameters
    ----------
    quantity
        Maps a lifted instance and a scale to the quantity.
    limit
        Maps a lifted instance to the limit.
    scales
        Increasing scales at which the quantity is evaluated.
    rate
        The claimed order ``a``: the error decays like ``scale ** -a``; ``None`` claims faster than any power.
    levels
        The error is claimed to have an expansion in the powers ``a``, ``a + 1``, ...: so many levels of Richardson
        extrapolation must gain a power each at every instance of the gallery. The scales are then geometric.
    draws
        So many instances are drawn besides the gallery, and the mean order of all gets a bootstrap interval.
    further
        Larger scales, behind the others, for profiles that have the time.
    """

    quantity: Callable[[Any, Number], Number]
    limit: Callable[[Any], Number]
    scales: tuple[Fraction, ...]
    rate: Fraction | None
    levels: int = 0
    draws: int = 0
    further: tuple[Fraction, ...] = ()

    def __post_init__(self) -> None:
        """Reject counts that are negative."""
        for name in ("levels", "draws"):
            if getattr(self, name) < 0:
                raise ValueError(f"{self.id}: {name} = {getattr(self, name)} must not be negative")


@dataclass(frozen=True, kw_only=True)
class Probability(Statement):
    """A claim that an event has probability at least ``at_least``.

    Parameters
    ----------
    event
        Maps a lifted float instance and a ``numpy.random.Generator`` to whether the event happened.
    at_least
        Maps a lifted instance to the claimed lower bound on the probability.
    """

    event: Callable[[Any, Any], bool]
    at_least: Callable[[Any], Number]


@dataclass(frozen=True, kw_only=True)
class Nothing(Instance):
    """The instance of a statement about a study, which has its settings and no free data."""


@dataclass(frozen=True, kw_only=True)
class Trend(Statement):
    """A claim that numbers read from the repetitions of a study are positive in more than half of all repetitions.

    Parameters
    ----------
    study
        Where the numbers come from.
    readings
        The numbers; each must be told from chance, all of them at 95%.
    """

    study: Study
    readings: tuple[Reading, ...]
    instance: type[Instance] = Nothing
    instances: Callable[[Draw, frozenset[str]], Any] = lambda _draw, _in_force: Nothing()

    def __post_init__(self) -> None:
        """Reject a claim of nothing."""
        if not self.readings:
            raise ValueError(f"{self.id}: a trend needs a reading")


def scaled(constant: str, factor: Fraction) -> Mutant:
    """Return the mutant that multiplies a constant by ``factor``.

    Parameters
    ----------
    constant
        Name of the constant.
    factor
        The exact factor.

    Returns
    -------
    Mutant
        The mutant.
    """

    def change(statement: Any, _tightest: float) -> Any:
        constants = {**statement.constants, constant: statement.constants[constant] * factor}
        return dataclasses.replace(statement, constants=constants)

    return Mutant(name=f"{constant} times {factor}", change=change)


def past_the_slack(constant: str) -> Mutant:
    """Return the mutant whose constant is pushed 1% past the tightest ratio that the search found.

    Parameters
    ----------
    constant
        Name of a constant that multiplies the whole right side.

    Returns
    -------
    Mutant
        The mutant.
    """

    def change(statement: Any, tightest: float) -> Any:
        slack = Fraction(tightest).limit_denominator(10**9)
        factor = slack * Fraction(101, 100) if Relation(statement.relation).sign > 0 else Fraction(99, 100) / slack
        constants = {**statement.constants, constant: statement.constants[constant] * factor}
        return dataclasses.replace(statement, constants=constants)

    return Mutant(name=f"{constant} 1% past the slack", change=change)


def without(hypothesis: str, *tries: Mapping[str, Any]) -> Mutant:
    """Return the mutant that drops a hypothesis; its survival is a finding.

    Parameters
    ----------
    hypothesis
        Name of the hypothesis.
    *tries
        Exact data of instances at which the statement is known to fail without it.

    Returns
    -------
    Mutant
        The mutant.
    """

    def change(statement: Any, _tightest: float) -> Any:
        kept = tuple(entry for entry in statement.hypotheses if entry.name != hypothesis)
        assert len(kept) < len(statement.hypotheses), hypothesis
        return dataclasses.replace(statement, hypotheses=kept, gallery=())

    return Mutant(name=f"without: {hypothesis}", change=change, drops=hypothesis, tries=tries)


def changed(name: str, **fields: Any) -> Mutant:
    """Return the mutant that replaces whole fields of the statement.

    Parameters
    ----------
    name
        What was changed, in words.
    **fields
        The fields and their new values.

    Returns
    -------
    Mutant
        The mutant.
    """
    return Mutant(name=name, change=lambda statement, _tightest: dataclasses.replace(statement, **fields))
