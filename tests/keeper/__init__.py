"""Keepers as processes beside a beacon chain: real sockets, real signals, real transactions."""
