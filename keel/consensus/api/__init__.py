"""The standard Beacon API over a beacon chain, for oracles, explorers and validator tools."""
