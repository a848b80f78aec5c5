"""Install the packages of the real markets, which `make setup` leaves out.

Run by `make market-setup` after `make setup`. Nothing of these packages is part of Keel: they are
deployed on a local chain, from their artifacts or compiled from their sources by `market deploy`.
"""

import sys

from toolchain.setup import MARKET, SetupError, check_prerequisites, set_up_pnpm_packages

_WHAT = "the market's packages (Uniswap, Morpho, Aave, Pendle, Symbiotic)"


def main() -> None:
    """Bring toolchain/market/node_modules up to date, or say in one line what is missing."""
    try:
        set_up_pnpm_packages(check_prerequisites(), MARKET, _WHAT)
    except SetupError as error:
        sys.exit(f"keel: {error}")


if __name__ == "__main__":
    main()
