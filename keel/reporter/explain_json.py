"""An explained report for programs: integers as decimal strings, bytes as 0x hex."""

from dataclasses import asdict
from typing import Any

import orjson

from keel.deploy.manifest import json_safe
from keel.reporter.assessment import Assessment
from keel.reporter.building import Sight
from keel.reporter.explain import listed_validators


def explanation_json(assessment: Assessment, sight: Sight, *, validators: bool) -> str:
    """Everything that `explanation` shows, and the validators if asked for."""
    document: dict[str, Any] = {
        **asdict(assessment),
        "state_root": sight.state_root,
        "state_bytes": sight.state_bytes,
    }
    if validators:
        listed = listed_validators(sight.consensus, sight.protocol)
        document["validators"] = [asdict(one) for one in listed]
    return orjson.dumps(json_safe(document), option=orjson.OPT_INDENT_2).decode()
