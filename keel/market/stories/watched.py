"""A monitor beside a story: which of its alarms stand, by the thresholds that it has by default.

What it compares with the beacon chain's own yield is left out: it has no beacon node here.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from io import StringIO
from pathlib import Path
from tempfile import TemporaryDirectory

from keel.deploy.bindings import bind
from keel.market.stories.lending import Lending
from keel.market.stories.pools import Pools
from keel.market.stories.stage import Stage
from keel.market.stories.telling import Grid
from keel.monitor.alarms import judge
from keel.monitor.reader import MonitorReader
from keel.monitor.settings import WatchSection
from keel.nodes.agreed_beacon import AgreedBeacon
from keel.nodes.agreed_rpc import AgreedRpc
from keel.service.layers import Layers
from keel.service.logs import open_log
from keel.sight.market.places import Places

type Alarms = tuple[str, ...]
"""Names of those that stand."""

_NO_INCOME = WatchSection(income_reports=1_000)
_NO_BEACON_NODE = "http://127.0.0.1:9"
_TIMEOUT_SECONDS = 10.0


@contextmanager
def watching(stage: Stage, pools: Pools, lending: Lending) -> Iterator[Callable[[], Alarms]]:
    """What reads everything anew at the present head; of lenders it watches one market."""
    manifest, site = stage.manifest, stage.site
    _, _, oracle, rate, _ = lending.params
    morpho = {"morpho": lending.morpho.address, "oracle": oracle, "rate": rate}
    places = Places.of({**site.records, "stable": {"pool": pools.stable.address}, "morpho": morpho})
    log = open_log("json", "monitor", StringIO())
    with (
        AgreedRpc([stage.rpc.url], 1, _TIMEOUT_SECONDS, lambda *_: None) as rpc,
        AgreedBeacon([_NO_BEACON_NODE], 1, _TIMEOUT_SECONDS, lambda *_: None) as beacon,
        TemporaryDirectory() as folder,
    ):
        layers = Layers(manifest, bind(rpc, manifest.addresses, site.artifacts), rpc, beacon)
        reader = MonitorReader(
            layers, _NO_INCOME, Path(folder), log, lambda: places, only_reads=False
        )

        def standing() -> Alarms:
            found = judge(reader.read(), _NO_INCOME)
            return tuple(name for name, text in found.items() if text is not None)

        yield standing


def alarm_grid(title: str, looks: Sequence[tuple[str, Alarms]]) -> Grid:
    """When each alarm that ever stands does so: the looks are named, in order."""
    names = list(dict.fromkeys(name for _, alarms in looks for name in alarms))
    rows = tuple(
        (f"`{name}`", _spans([(when, name in of) for when, of in looks])) for name in names
    )
    return Grid(title, ("alarm", "stands"), rows)


def _spans(looks: Sequence[tuple[str, bool]]) -> str:
    spans: list[tuple[str, str]] = []
    was = False
    for when, stands in looks:
        if stands:
            spans[-1:] = [(spans[-1][0], when)] if was else [*spans[-1:], (when, when)]
        was = stands
    return ", ".join(first if first == last else f"{first} to {last}" for first, last in spans)
