"""Play two turns of a recipe's game: do they stay in their rules, here and on CuPy?"""

import contextlib
import os
import warnings

import numpy as np

from ...errors import InputError, NonFiniteError
from ...userfile import users_line
from ..device import FakeBackend, as_cupy, counting, xp
from ..report import Row

STAYS_OFF = ("Implicit conversion", "Unsupported type", "can only convert an array")
MOST = 3  # places that a note names


def turn_rows(begin, name: str = "two turns") -> list[Row]:
    """Play two turns twice: straight on, and from the state saved after the first.

    begin() gives a new Run of the game, at the turn to begin with.
    """
    run, again = begin(), begin()
    start = run.on_host(run.state())
    with np.errstate(all="ignore"), watched(run.players) as faults:
        run.turn()
        first = run.on_host(run.state())
        run.turn()
        last = run.on_host(run.state())
        still = [
            f"theta_{player} did not move"
            for player in run.players
            if np.array_equal(start[f"{player}.theta"], last[f"{player}.theta"])
        ]
        again.load(first)
        again.turn()
    bad = [k for k, a in last.items() if a.dtype.kind == "f" and not _finite(a)]
    with np.errstate(all="ignore"):
        why = run.diagnose(start) if bad else ""
    resumed = again.on_host(again.state())
    lost = [k for k, a in last.items() if not _same(a, resumed[k])]
    note = f"after a saved state is restored, turn 2 differs in {_some(lost)}"
    return [
        Row(name, "finite", float(len(bad)), 0.0, why),
        Row(name, "stays", float(len(faults)), 0.0, _some(faults)),
        Row(name, "moves", float(len(still)), 0.0, _some(still)),
        Row(name, "resume", float(len(lost)), 0.0, note if lost else ""),
    ]


def _finite(a) -> bool:
    return bool(np.isfinite(a).all())


def _same(a, b) -> bool:
    return np.array_equal(a, b, equal_nan=a.dtype.kind == "f")


def _some(words: list[str]) -> str:
    more = f" and {len(words) - MOST} more" if len(words) > MOST else ""
    return "; ".join(words[:MOST]) + more


@contextlib.contextmanager
def watched(players):
    """Within this context, a theta that moves is a fault, unless its own player's
    optimizer moves it. Yields the list of the faults, in words.
    """
    faults: list[str] = []
    last = {name: net.theta.copy() for name, (net, _) in players.items()}

    def compare(when: str, mover=None):
        for name, (net, _) in players.items():
            if name != mover and not _same(net.theta, last[name]):
                faults.append(f"theta_{name} changed {when}")
            last[name][...] = net.theta

    def around(move):
        def moved(theta, gradient):
            own = (name for name, (net, _) in players.items() if net.theta is theta)
            mover = next(own, None)
            compare("between two moves")
            result = move(theta, gradient)
            compare(f"in the move of {mover}", mover)
            return result

        return moved

    opts = {id(opt): opt for _, opt in players.values()}.values()
    for opt in opts:
        for name in ("ascend", "descend"):
            setattr(opt, name, around(getattr(opt, name)))
    try:
        yield faults
    finally:
        for opt in opts:
            for name in ("ascend", "descend"):
                delattr(opt, name)
        compare("after the last move")


def device_rows(experiment, first: int, name: str = "a turn on CuPy") -> list[Row]:
    """Play two turns on the stand-in for CuPy, from turn `first`; count the second one.

    The row fails if CuPy could not play the turn. Otherwise its note says how often the
    host waits, what is uploaded, and how many launches the plain code asks for.
    """
    try:
        with warnings.catch_warnings(), as_cupy(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            game = experiment.game(FakeBackend())
            _play(game, first)
            with counting(until=_play.__code__) as counts:
                _play(game, first + 1)
    except NonFiniteError:
        raise
    except Exception as e:
        return [_stopped(e, name)]
    words = [
        _counted(counts, "host_reads", "host reads", ", and the GPU waits at each"),
        f"uploads: {counts.uploads}",
        f"launches: {counts.launches}",
    ]
    if counts.numpy_calls:
        advice = ", which CuPy takes over; write get_xp(x) for np"
        words.append(_counted(counts, "numpy_calls", "calls of NumPy", advice))
    note = f"note: {'; '.join(words)} (counted on a stand-in, without kernels)"
    return [Row(name, "runs", 0.0, 0.0, note)]


def _play(game, turn: int) -> None:
    game.turn(turn)


def _counted(counts, kind: str, word: str, advice: str) -> str:
    """How often, and where, in words."""
    found = counts.places[kind].most_common(MOST)
    if not found:
        return f"{word}: 0"
    where = "; ".join(f"{_from_here(file)}, line {n}" for (file, n), _ in found)
    return f"{word}: {getattr(counts, kind)} ({where}){advice}"


def _from_here(file: str) -> str:
    try:
        return os.path.relpath(file)
    except ValueError:  # it is on another drive of Windows
        return file


def _stopped(error: Exception, name: str) -> Row:
    """The row of a turn that the stand-in did not play to its end."""
    where = users_line(error)
    why = str(error).replace(xp.__name__, "cupy")
    note = f"{where}: {why}" if where and not why.startswith(where) else why
    refused = isinstance(error, TypeError) and any(s in why for s in STAYS_OFF)
    if refused or isinstance(error, InputError):
        hint = "; take xp = get_xp(x) from the array, and call its functions"
        return Row(name, "runs", 1.0, 0.0, note + (hint if refused else ""))
    note = f"note: not counted, the stand-in for CuPy has not all of it: {note}"
    return Row(name, "runs", 0.0, 0.0, note)
