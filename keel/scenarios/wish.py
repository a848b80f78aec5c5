"""What was asked of `ape run chain`."""

from dataclasses import dataclass
from pathlib import Path

from keel.circle.errors import CircleError
from keel.deploy.manifest import CHAIN_MANIFEST


@dataclass(frozen=True, slots=True)
class Wish:
    """Ports 0 take any free one, `page_port` None serves no page.

    `folder` is where `ape run beacon` finds the chain; the processes have theirs next to it.
    `state` is where the chain is kept between two runs, None for nowhere; `demo`: a new one there
    begins with `play_first_minutes`. `slot_seconds` None is
    that of the kept chain, or `new_slot_seconds` for a new one. `mines_at_once`: transactions wait
    for no slot. Pages of `allowed_origins` may use the chain.
    """

    port: int
    beacon_port: int
    page_port: int | None
    slot_seconds: int | None
    new_slot_seconds: int
    folder: Path
    reporters: int
    keepers: int
    with_monitor: bool = True
    fast: bool = False
    mines_at_once: bool = False
    allowed_origins: tuple[str, ...] = ()
    state: Path | None = None
    demo: bool = False

    @property
    def circle_folder(self) -> Path:
        """Keys, journals and logs of the processes."""
        return self.folder.with_name("circle")

    @property
    def manifest_path(self) -> Path:
        """Where Keel's manifest is while the chain runs, with abi/ next to it."""
        return self.folder.with_name(CHAIN_MANIFEST)

    @property
    def ports(self) -> dict[str, int]:
        """The ports that were asked for, by option."""
        asked = {"--port": self.port, "--beacon-port": self.beacon_port}
        return asked if self.page_port is None else asked | {"--page-port": self.page_port}

    def require_folder_for_state(self) -> None:
        """Raise CircleError for a state in a folder that each start empties."""
        if self.state is None:
            return
        place = self.state.resolve()
        for folder in (self.folder, self.circle_folder):
            if place.is_relative_to(folder.resolve()):
                raise CircleError(
                    f"--state {self.state} is in {folder}, which a start empties: give another"
                )
