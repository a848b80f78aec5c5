"""Real systems that use kETH and wkETH, deployed from their published packages on a local chain.

Their packages are installed by `make market-setup` alone and are no part of Keel: artifacts are
deployed as they come, and what comes as sources is compiled once (`compiled`). Each system is a
module with a System, which `systems` lists.
"""
