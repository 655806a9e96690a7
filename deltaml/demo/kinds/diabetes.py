"""Scikit-learn's diabetes data, which a demo takes when it is given no file."""

from __future__ import annotations

from commons.arrays import FloatArray

NAME, TARGET = "diabetes", "target"


def diabetes_arrays() -> tuple[tuple[str, ...], FloatArray, FloatArray]:
    """Names of the features, X of shape (442, 10) and y of shape (442,) (Efron et al. 2004, Annals of Statistics)."""
    from sklearn.datasets import load_diabetes  # noqa: PLC0415 - imports for more than a second

    bunch = load_diabetes()
    return tuple(bunch.feature_names), bunch.data, bunch.target
