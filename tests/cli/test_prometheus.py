"""The format of Prometheus, as its own library reads it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gearman_tx.cli.prometheus import COUNTER, Metric, Sample, render

parser = pytest.importorskip("prometheus_client.parser", reason="needs the extra test")


@given(st.text(), st.floats(0, 1e18))
def test_any_label_is_read_back(name: str, value: float) -> None:
    """Quotes, backslashes and line ends in a name are escaped."""
    page = render([Metric("m", "Help.", [Sample(value, {"function": name, "priority": "low"})])])
    (family,) = parser.text_string_to_metric_families(page)
    (sample,) = family.samples
    assert sample.labels == {"function": name, "priority": "low"}
    assert sample.value == pytest.approx(value)


def test_page() -> None:
    """A metric has its kind and its help; one without values is left out."""
    page = render(
        [
            Metric("gearman_up", "Up.", [Sample(True)]),
            Metric("gearman_none", "None."),
            Metric(
                "gearman_x_total", "X.", [Sample(1700000000.25), Sample(3, {"a": "b"})], COUNTER
            ),
        ]
    )
    assert page == (
        "# HELP gearman_up Up.\n# TYPE gearman_up gauge\ngearman_up 1\n"
        "# HELP gearman_x_total X.\n# TYPE gearman_x_total counter\n"
        'gearman_x_total 1700000000.25\ngearman_x_total{a="b"} 3\n'
    )
    kinds = [family.type for family in parser.text_string_to_metric_families(page)]
    assert kinds == ["gauge", "counter"]
