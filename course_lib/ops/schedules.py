"""The learning rates with which FlowNet 2 was trained (Ilg et al., CVPR 2017, Section 3 and Figure 5).

A schedule is a first rate and the steps at which it is halved. S_short is the first FlowNet's, S_long runs twice as
long, S_fine goes on from there with a tenth of the rate, on harder pictures: FlyingChairs before FlyingThings3D.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Schedule:
    """A learning rate that is halved now and then.

    Attributes:
        first: rate at the first step.
        halvings: steps from which on it is half of what it was.
        steps: how many there are in all.
    """

    first: float
    halvings: tuple[int, ...]
    steps: int

    def rate(self, step):
        """Learning rate at a step, counted from 0."""
        return self.first / 2 ** sum(step >= halving for halving in self.halvings)

    def factor(self, steps):
        """The same course in `steps` steps: a function step -> factor of the first rate, as `train.fit` wants it."""
        return lambda step: self.rate(step * self.steps / steps) / self.first


S_SHORT = Schedule(1e-4, (300_000, 400_000, 500_000), 600_000)
S_LONG = Schedule(1e-4, (400_000, 600_000, 800_000, 1_000_000), 1_200_000)
S_FINE = Schedule(1e-5, (200_000, 300_000, 400_000), 500_000)  # its steps count from its own start
