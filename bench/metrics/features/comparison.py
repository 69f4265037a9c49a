"""The one pass that all metrics in feature space share: features of n test and n generated examples."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from bench.errors import ArgumentError
from bench.metrics.base import Subject
from bench.metrics.checks import draw_samples
from bench.metrics.features.extractors import Extractor, extractor_for
from bench.metrics.features.reference import Reference, load_reference


@dataclass(frozen=True)
class Comparison:
    """Features of both sides.

    Attributes:
        real: features of test examples, shape (n, d), with what is known of them.
        generated: features of generated examples, shape (n, d), in float64.
    """

    real: Reference
    generated: Tensor

    @property
    def n(self) -> int:
        """Examples on each side."""
        return len(self.generated)

    def require(self, metric: str, at_least: int) -> None:
        """Refuse too few examples.

        Raises:
            ArgumentError: if there are fewer than `at_least` on each side.
        """
        if self.n < at_least:
            raise ArgumentError(
                f"{metric}: {self.n} examples of each side; expected at least {at_least}; raise evaluation.samples"
            )


def compare_features(subject: Subject) -> Comparison | None:
    """Features of n = min(test examples, `subject.samples`) examples of each side, computed once for a subject.

    Generated examples are drawn from the stream "features". None for data that no feature extractor is for.

    Raises:
        ArgumentError: if the subject's extractor cannot take the data, or a sample or feature is not finite.
    """
    return subject.once("feature comparison", lambda: _compare(subject))


def _compare(subject: Subject) -> Comparison | None:
    extractor = _find_extractor(subject)
    if extractor is None:
        return None
    n = min(len(subject.data.test), subject.samples)
    generated = extractor(draw_samples(subject, n, "features")).double()
    return Comparison(load_reference(subject.data, extractor, n), generated)


def make_feature_labels(subject: Subject) -> dict[str, str]:
    """What every metric in feature space stores beside its figures; nothing where there are none.

    `feature_extractor` (name@hash), `feature_size`, `feature_rule` (what happens to examples before the network) and
    `feature_split` (where the real examples are from). The size is a text like the others, for several metrics give it.
    """
    extractor = _find_extractor(subject)
    if extractor is None:
        return {}
    return {
        "feature_extractor": extractor.label,
        "feature_size": str(extractor.size or subject.data.test[0].numel()),
        "feature_rule": extractor.rule,
        "feature_split": subject.evaluation.split,
    }


def _find_extractor(subject: Subject) -> Extractor | None:
    return extractor_for(subject.data, subject.evaluation.extractor)
