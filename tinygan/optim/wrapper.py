"""Wrapper: the base of what adds something to another optimizer's step."""

import copy

from ..errors import instance
from .base import Optimizer


class Wrapper(Optimizer):
    """A rule around an inner optimizer, which has the learning rate and the moments."""

    def __init__(self, inner: Optimizer):
        self.inner = instance(self, "inner", inner, Optimizer, "Adam(1e-3)")
        self.divisible = inner.divisible

    @property
    def lr(self) -> float:
        """The inner optimizer's learning rate."""
        return self.inner.lr

    @lr.setter
    def lr(self, value: float) -> None:
        self.inner.lr = value

    @property
    def t(self) -> int:
        """The inner optimizer's count of steps."""
        return self.inner.t

    @t.setter
    def t(self, value: int) -> None:
        self.inner.t = value

    def prepare(self, theta) -> None:
        self.inner.prepare(theta)

    def bind(self, move) -> None:
        self.inner.bind(move)

    def part(self, own, rank):
        new = copy.copy(self)
        new.group, new.inner = rank, self.inner.part(own, rank)
        return new

    def reset(self) -> None:
        self.inner.reset()

    def state(self) -> dict:
        return self.inner.state()

    def load_state(self, state: dict) -> None:
        self.inner.load_state(state)
