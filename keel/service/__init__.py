"""What every long-running service of Keel has: settings, logs, alarms, metrics, monitor, loop.

A service decides by the chain's time only; the wall clock serves timeouts, backoff and log lines.
"""
