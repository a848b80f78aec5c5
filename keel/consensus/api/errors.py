"""Refusals of the Beacon API: a status code and one line, sent as {"code": ..., "message": ...}."""

import orjson
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from keel.errors import KeelError


class ApiError(KeelError):
    """A request that is answered with an error; `code` is the HTTP status."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


def bad_request(message: str) -> ApiError:
    """Return the error for what cannot be understood."""
    return ApiError(400, message)


def not_found(message: str) -> ApiError:
    """Return the error for what is understood but does not exist."""
    return ApiError(404, message)


def error_response(error: ApiError) -> Response:
    """Return the body that the Beacon API specifies for errors; always JSON."""
    body = orjson.dumps({"code": error.code, "message": error.message})
    return Response(body, error.code, media_type="application/json")


def answer_api_error(_request: Request, error: Exception) -> Response:
    """Answer what a handler refused."""
    if not isinstance(error, ApiError):
        raise error
    return error_response(error)


def answer_http_error(_request: Request, error: Exception) -> Response:
    """Answer unknown paths and methods in the same form."""
    if not isinstance(error, HTTPException):
        raise error
    response = error_response(ApiError(error.status_code, error.detail))
    response.headers.update(error.headers or {})
    return response


def answer_failure(_request: Request, _error: Exception) -> Response:
    """Answer what should not have happened; the server logs the cause."""
    return error_response(ApiError(500, "Internal error"))
