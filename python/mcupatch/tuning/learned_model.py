"""What a schedule costs, learned from those that were measured: XGBoost for operators, least squares for the rest.

    cost = sum over operators of modelled instructions * ratio + glue . coefficients

One measured run has a row for every operator of the network, so that a few runs teach much. The ratio of measured to
modelled cost is learned as its logarithm; before the first measurement it is 1.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from mcupatch.errors import ToolMissing
from mcupatch.tuning.features import GLUE_PRIOR, Floats, StageFeatures

TREES, DEPTH, RATE = 80, 6, 0.2
PRIOR_WEIGHT = 1e-3  # of the coefficients of the glue, against relative errors of the runs


def load_xgboost() -> Any:
    """The module. Raises ToolMissing where it is not installed."""
    try:
        import xgboost
    except ImportError as error:
        raise ToolMissing(
            "Tuning learns with the Python package 'xgboost', which is not installed. "
            "Install it with: pip install 'mcupatch[tune]', or pip install xgboost-cpu"
        ) from error
    return xgboost


class LearnedModel:
    """Fitted to measured runs; ``seed`` makes it the same every time."""

    def __init__(self, seed: int) -> None:
        self._xgboost, self._seed = load_xgboost(), seed
        self._trees: Any = None
        self._glue = GLUE_PRIOR.copy()

    def fit(self, runs: Sequence[Sequence[StageFeatures]], operators: Floats, glue: Floats) -> None:
        """``operators`` ``[runs, operators]`` and ``glue`` ``[runs]``: what was measured."""
        rows = np.array([row for run in runs for stage in run for row in stage.operators])
        modelled = np.concatenate([stage.modelled for run in runs for stage in run])
        measured = np.maximum(operators.reshape(-1), 1.0)
        data = self._xgboost.DMatrix(rows, np.log(measured / modelled), weight=measured / measured.mean())
        options = {"max_depth": DEPTH, "eta": RATE, "seed": self._seed, "nthread": 1, "tree_method": "exact"}
        self._trees = self._xgboost.train(options, data, TREES)
        self._fit_glue(np.array([sum(stage.glue for stage in run) for run in runs]), glue)

    def _fit_glue(self, counted: Floats, measured: Floats) -> None:
        """Relative errors of the runs, and how far each coefficient is from what it was before, weighed together."""
        scale = np.maximum(measured, 1.0)
        by_run = counted * GLUE_PRIOR / scale[:, None]
        system = np.concatenate([by_run, np.eye(len(GLUE_PRIOR)) * PRIOR_WEIGHT**0.5])
        wanted = np.concatenate([measured / scale, np.full(len(GLUE_PRIOR), PRIOR_WEIGHT**0.5)])
        factors = np.linalg.lstsq(system, wanted, rcond=None)[0]
        self._glue = GLUE_PRIOR * np.maximum(factors, 0.0)

    def predict(self, stages: Sequence[StageFeatures]) -> Floats:
        """The cost of each stage."""
        modelled = np.concatenate([stage.modelled for stage in stages])
        if self._trees is not None:
            rows = np.array([row for stage in stages for row in stage.operators])
            modelled = modelled * np.exp(self._trees.predict(self._xgboost.DMatrix(rows)))
        ends = np.cumsum([len(stage.modelled) for stage in stages])
        sums = np.add.reduceat(modelled, [0, *ends[:-1]])
        return np.asarray(sums + np.array([stage.glue @ self._glue for stage in stages]))
