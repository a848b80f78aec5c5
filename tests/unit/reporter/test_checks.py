"""What `keel-reporter check` says of an execution node that limits its logs."""

import orjson
import pytest

from keel.chain.node_packages import REPOSITORY_ROOT
from keel.reporter.checks import check_all
from keel.reporter.settings import ReporterSettings
from keel.service.settings import load_settings
from tests.unit.nodes.node_servers import Answer, serving
from tests.unit.nodes.test_client_log_limits import LAST, Node

SAMPLES = REPOSITORY_ROOT / "docs" / "samples"


class NumberedNode(Node):
    """A node with a limit that says its newest block too."""

    def __call__(self, path: str, body: bytes) -> Answer:
        asked = orjson.loads(body)
        if asked["method"] != "eth_blockNumber":
            return super().__call__(path, body)
        return Answer(orjson.dumps({"jsonrpc": "2.0", "id": asked["id"], "result": hex(LAST)}))


@pytest.mark.parametrize(
    ("most_blocks", "said"),
    [
        (10_000, ""),
        (
            9_999,
            "; gives logs of 5,000 blocks at a time, not of 10,000: docs/operations.md names "
            "the flag",
        ),
        (
            2_000,
            "; gives logs of 1,250 blocks at a time, not of 10,000: docs/operations.md names "
            "the flag",
        ),
    ],
)
def test_a_limit_below_the_usual_range_is_named_and_no_fault(most_blocks: int, said: str) -> None:
    row = {"code": -32005, "message": "query exceeds the limit", "most_blocks": most_blocks}
    settings = load_settings(ReporterSettings, SAMPLES / "reporter.toml")
    with serving(NumberedNode(row)) as url:
        network = settings.network.model_copy(update={"execution": (url,)})
        findings = check_all(settings.model_copy(update={"network": network}), lambda: None)
        finding = next(each for each in findings if each.what.startswith("execution node"))
    assert (finding.text, finding.is_well) == (f"block {LAST}{said}", True)
