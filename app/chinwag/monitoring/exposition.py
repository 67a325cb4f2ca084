"""The exposition formats of Prometheus, made by prometheus-client.

It takes a tenth of a second to import, so a server does so when it is asked for metrics for the first
time.
"""

from collections.abc import Iterator

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector

from chinwag.counts import COUNTS, HISTOGRAMS, SECONDS, SUM, Values
from chinwag.monitoring.gauges import READINGS


def expose(values: Values, accept: str) -> tuple[bytes, str]:
    """Return the text of metrics and its media type: OpenMetrics, if the Accept field asks for it, or else
    Prometheus' own format."""
    registry = CollectorRegistry()
    registry.register(_Collected(values))
    encode, media_type = choose_encoder(accept)
    return encode(registry), media_type


class _Collected(Collector):
    def __init__(self, values: Values) -> None:
        self._values = values

    def collect(self) -> Iterator[Metric]:
        for one in COUNTS:
            yield self._counter(one.name, one.meaning, one.labels)
        for histogram in HISTOGRAMS:
            yield self._histogram(histogram.name, histogram.meaning)
        for reading in READINGS:
            if reading.kind == "counter":
                yield self._counter(reading.name, reading.meaning, reading.labels)
            else:
                gauge = GaugeMetricFamily(reading.name, reading.meaning, labels=reading.labels)
                yield self._filled(gauge, reading.name)

    def _counter(self, name: str, meaning: str, labels: tuple[str, ...]) -> Metric:
        return self._filled(CounterMetricFamily(name.removesuffix("_total"), meaning, labels=labels), name)

    def _filled(self, family: CounterMetricFamily | GaugeMetricFamily, name: str) -> Metric:
        for labels, value in self._values.get(name, {}).items():
            family.add_metric(labels, value)
        return family

    def _histogram(self, name: str, meaning: str) -> Metric:
        values = self._values.get(name, {})
        buckets, total = [], 0.0
        for place, bound in enumerate([*map(str, SECONDS), "+Inf"]):
            total += values.get((str(place),), 0)
            buckets.append((bound, total))
        return HistogramMetricFamily(name, meaning, buckets=buckets, sum_value=values.get((SUM,), 0.0))
