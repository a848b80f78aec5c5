"""HTTP servers of this machine, bounded in connections, bodies and log lines."""

from keel.serving.server import ListenError, serve_app, url_of

__all__ = ["ListenError", "serve_app", "url_of"]
