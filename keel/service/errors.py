"""Errors of services; each message is one line meant for the person who runs one."""

from keel.errors import KeelError


class ServiceError(KeelError):
    """Base of what a person has to repair before a service can start, or go on."""


class SettingsError(ServiceError):
    """The configuration cannot be used; names key, value and bound, never a secret."""


class FolderError(ServiceError):
    """The data folder cannot be used, or another process uses it."""
