"""Metrics in Prometheus's text format, version 0.0.4."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from attrs import field, frozen

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"

GAUGE: Final = "gauge"
COUNTER: Final = "counter"

_ESCAPES: Final = str.maketrans({"\\": r"\\", '"': r"\"", "\n": r"\n"})


@frozen
class Sample:
    """One value of a metric.

    Attributes:
        value: the value.
        labels: what it belongs to.
    """

    value: float
    labels: Mapping[str, str] = field(factory=dict)


@frozen
class Metric:
    """One metric with its values.

    Attributes:
        name: its name.
        help: what it counts or measures.
        samples: its values.
        kind: :data:`GAUGE` or :data:`COUNTER`.
    """

    name: str
    help: str
    samples: list[Sample] = field(factory=list)
    kind: str = GAUGE


def render(metrics: Iterable[Metric]) -> str:
    """Return the page with ``metrics``; one without a value is left out."""
    return "".join(line + "\n" for metric in metrics if metric.samples for line in _lines(metric))


def _lines(metric: Metric) -> Iterator[str]:
    yield f"# HELP {metric.name} {metric.help}"
    yield f"# TYPE {metric.name} {metric.kind}"
    for sample in metric.samples:
        labels = ",".join(
            f'{name}="{value.translate(_ESCAPES)}"' for name, value in sample.labels.items()
        )
        yield f"{metric.name}{f'{{{labels}}}' if labels else ''} {sample.value:.15g}"
